// Whether operations are recorded in this thread.
#pragma once

namespace gg {

/// Thread-local. Enabled at start.
class GradMode {
 public:
  static bool enabled() { return enabled_; }
  static void set_enabled(bool on) { enabled_ = on; }

 private:
  static inline thread_local bool enabled_ = true;
};

/// Sets the mode while in scope: GradModeGuard guard(false).
class GradModeGuard {
 public:
  explicit GradModeGuard(bool on) : previous_(GradMode::enabled()) { GradMode::set_enabled(on); }
  ~GradModeGuard() { GradMode::set_enabled(previous_); }
  GradModeGuard(const GradModeGuard&) = delete;
  GradModeGuard& operator=(const GradModeGuard&) = delete;

 private:
  bool previous_;
};

/// While in scope, nothing is recorded and in-place writes are allowed.
class NoGrad : GradModeGuard {
 public:
  NoGrad() : GradModeGuard(false) {}
};

}  // namespace gg
