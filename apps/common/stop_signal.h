// Ctrl-C and SIGTERM stop a run at a step boundary: the trainer asks stop_requested() after each step, writes a
// checkpoint and throws Stopped (work that has no steps calls stop_if_requested() here and there), which run_app
// (app.h) turns into a note on how to go on.
#pragma once

#include <cstdint>
#include <exception>
#include <optional>

namespace gg::apps {

/// From now on the first SIGINT or SIGTERM sets the flag below and says so on stderr; a second one ends the process at
/// once with exit code 128 + signal. Safe to call again: it clears the flag.
void install_stop_signals();

/// True once a signal came or request_stop() was called. Cheap enough for every step.
bool stop_requested();

/// Sets the flag from within the program.
void request_stop();

/// The signal that came, or 0.
int stop_signal();

/// Thrown once a stopped run has saved its state.
class Stopped : public std::exception {
 public:
  Stopped() = default;
  explicit Stopped(std::int64_t step) : step_(step) {}
  const char* what() const noexcept override { return "stopped on request"; }
  /// The step that the checkpoint was written after; none where the work has no steps.
  std::optional<std::int64_t> step() const { return step_; }

 private:
  std::optional<std::int64_t> step_;
};

/// Throws Stopped, of no step, where a stop was requested.
void stop_if_requested();

}  // namespace gg::apps
