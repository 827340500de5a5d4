// What the regularisers share: batches whose samples lie along axis 0, lengths and directions of each sample, leaves to
// differentiate by, and noise that two passes must have in common. Not for users.
#pragma once

#include "autograd/autograd.h"
#include "autograd/functional/variable.h"
#include "core/generator.h"
#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/reduce.h"
#include "ops/shape.h"

namespace gg::losses::detail {

/// A row for each sample [N, rest], whatever the shape; one row for all of x where x is one thing and no batch (a table
/// of embeddings).
inline Tensor sample_rows(const Tensor& x, bool per_sample = true) {
  return per_sample ? flatten(x.rank() == 1 ? unsqueeze(x, 1) : x, 1) : reshape(x, {1, x.numel()});
}

/// The shape of one number per sample beside x: [N, 1, ...].
inline Shape one_per_sample(const Tensor& x) {
  Shape shape = x.shape();
  for (int i = 1; i < shape.rank(); ++i) shape[i] = 1;
  return shape;
}

inline void check_batch(const char* op, const Tensor& x) {
  GG_CHECK(x.defined() && is_floating(x.dtype()) && x.rank() >= 1 && x.numel() > 0, op,
           ": expected a floating batch [N, ...] that is not empty, got ",
           x.defined() ? str(x.dtype(), " ", x.shape()) : "an undefined tensor");
}

/// One loss or score for each sample of x, or a clear error: a mean over the batch would scale its gradients by 1/N.
inline void check_per_sample(const char* op, const Tensor& values, const Tensor& x) {
  GG_CHECK(values.numel() == x.size(0) && (values.rank() == 1 || (values.rank() == 2 && values.size(1) == 1)), op,
           ": expected one number for each of the ", x.size(0), " samples, got ", values.shape(),
           ". Losses give it with {.reduction = losses::Reduction::none}");
}

/// Each sample at length 1, over all of its axes; 0 stays 0. Scaled by its largest element first, so that squares of
/// small ones do not vanish.
Tensor unit_samples(const Tensor& d, bool per_sample = true);

/// x itself where it takes part in a graph, so that what lies behind it gets its gradients; else a point of its own,
/// for which a later backward() computes nothing.
inline Tensor differentiable(const Tensor& x) { return x.requires_grad() ? x : gg::detail::variable(x.detach()); }

/// Lets a later pass draw from the default generator what an earlier one drew: the same dropout masks.
class SameNoise {
 public:
  void again() const { default_generator().set_state(start_); }

 private:
  Generator::State start_ = default_generator().state();
};

}  // namespace gg::losses::detail
