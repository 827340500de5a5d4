// Forward mode: the levels in use, and how a tangent is put on a tensor and taken off again. Users call jvp().
#pragma once

#include <span>

#include "autograd/node.h"

namespace gg::autograd {

/// One jvp call. While it lives, tangents of its level flow through every operation of this thread.
class ForwardLevel {
 public:
  ForwardLevel();
  ~ForwardLevel();
  ForwardLevel(const ForwardLevel&) = delete;
  ForwardLevel& operator=(const ForwardLevel&) = delete;

  /// x carrying `tangent` [directions, ...x.shape] at this level.
  Tensor attach(const Tensor& x, const Tensor& tangent) const;
  /// The tangent of y at this level; undefined where y does not depend on what was attached.
  Tensor tangent(const Tensor& y) const;
  /// y without its tangent at this level.
  Tensor primal(const Tensor& y) const;

  static bool any_active() { return active_ > 0; }

 private:
  uint64_t level_;
  static inline thread_local int active_ = 0;
};

/// The largest level among the tangents of t; 0 if it has none.
inline uint64_t top_level(const Tensor& t) { return t.defined() && t.get().tangent ? t.get().tangent->level : 0; }

/// t without its tangent of `level`, if that is its innermost one; else t itself.
Tensor strip(const Tensor& t, uint64_t level);
/// t with a further, innermost tangent.
Tensor with_tangent(const Tensor& t, uint64_t level, Tensor tangent);
/// The same numbers and history under a new handle object.
Tensor alias(const Tensor& t);

/// What a forward rule sees: the inputs without this level, and their tangents [directions, ...shape].
class Jvp {
 public:
  Jvp(std::span<const Tensor> primals, std::span<const Tensor> tangents, const Tensor& output)
      : primals_(primals), tangents_(tangents), output_(output) {
    for (const Tensor& t : tangents) {
      if (t.defined()) directions_ = t.size(0);
    }
  }
  const Tensor& input(int i) const { return primals_[i]; }
  /// Whether input i varies at all. Rules must ask before they use tangent(i).
  bool has(int i) const { return tangents_[i].defined(); }
  const Tensor& tangent(int i) const { return tangents_[i]; }
  const Tensor& output() const { return output_; }
  int num_inputs() const { return static_cast<int>(primals_.size()); }
  int64_t directions() const { return directions_; }

 private:
  std::span<const Tensor> primals_, tangents_;
  const Tensor& output_;
  int64_t directions_ = 1;
};

}  // namespace gg::autograd
