// Forward mode: the levels in use, and how a tangent is put on a tensor and taken off again. Users call jvp().
#pragma once

#include <span>

#include "autograd/node.h"

namespace gg::autograd {

/// One jvp call. While it lives, tangents of its level flow through every operation of this thread.
///
/// A level of second order also carries Σᵢ ∂²/∂tᵢ² over its directions i (second_order.h).
class ForwardLevel {
 public:
  enum class Order { first, second };
  explicit ForwardLevel(Order order = Order::first);
  ~ForwardLevel();
  ForwardLevel(const ForwardLevel&) = delete;
  ForwardLevel& operator=(const ForwardLevel&) = delete;

  /// x carrying `tangent` [directions, ...x.shape] at this level.
  Tensor attach(const Tensor& x, const Tensor& tangent) const;
  /// x [samples, in], or a reshaped form of it, whose directions are known by what a matrix makes of them only: `image`
  /// [directions, out] of x·matrix, the same for all samples. Nothing but one such product may read x.
  Tensor attach_image(const Tensor& x, const Tensor& image) const;
  /// The tangent of y at this level; undefined where y does not depend on what was attached.
  Tensor tangent(const Tensor& y) const;
  /// The second-order part of y at this level, [1, ...y.shape]; undefined where it is zero.
  Tensor second(const Tensor& y) const;
  /// y without its tangent at this level.
  Tensor primal(const Tensor& y) const;

  static bool any_active() { return active_ > 0; }

 private:
  const Tangent* find(const Tensor& y) const;

  uint64_t level_;
  Order order_;
  static inline thread_local int active_ = 0;
};

/// The largest level among the tangents of t; 0 if it has none.
inline uint64_t top_level(const Tensor& t) { return t.defined() && t.get().tangent ? t.get().tangent->level : 0; }

/// t without its tangent of `level`, if that is its innermost one; else t itself.
Tensor strip(const Tensor& t, uint64_t level);
/// t with a further, innermost tangent.
Tensor with_tangent(const Tensor& t, uint64_t level, Tensor tangent);
Tensor with_tangent(const Tensor& t, Ref<Tangent> tangent);
/// t without the tangents of levels that have ended, or of other threads. Values that a graph saved may have such.
Tensor without_ended(const Tensor& t);
/// The same numbers and history under a new handle object.
Tensor alias(const Tensor& t);

/// A tangent of a tensor of this shape, [directions, ...shape], out of whatever form it is in.
Tensor whole_tangent(const Tangent& t, const Shape& shape);

/// What a forward rule sees: the inputs without this level, and their tangents [directions, ...shape].
class Jvp {
 public:
  Jvp(std::span<const Tensor> primals, std::span<const Tensor> tangents, const Tensor& output,
      const Tensor& output_tangent = {}, std::span<const Tensor> images = {}, bool shared = false,
      const Tensor& scale = {})
      : primals_(primals),
        tangents_(tangents),
        images_(images),
        output_(output),
        output_tangent_(output_tangent),
        scale_(scale),
        shared_(shared) {
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

  /// For `curvature` (second_order.h): what the forward rule gave.
  const Tensor& output_tangent() const { return output_tangent_; }
  /// Whether the tangent of input i is known by its image alone (ForwardLevel::attach_image).
  bool has_image(int i) const { return !images_.empty() && images_[i].defined(); }
  const Tensor& image(int i) const { return images_[i]; }
  /// Whether the one tangent there is has the shared form (second_order.h), which the operation said it would take, and
  /// what the tangent is to be multiplied by; undefined for 1.
  bool shared() const { return shared_; }
  const Tensor& scale() const { return scale_; }

 private:
  std::span<const Tensor> primals_, tangents_, images_;
  const Tensor& output_;
  const Tensor output_tangent_, scale_;
  bool shared_ = false;
  int64_t directions_ = 1;
};

}  // namespace gg::autograd
