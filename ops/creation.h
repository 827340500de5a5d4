// New tensors.
#pragma once

#include <optional>

#include "core/generator.h"
#include "core/scalar.h"
#include "core/tensor.h"

namespace gg {

/// `value` everywhere. For int64 it must be a whole number; for bool it means whether it is not zero.
Tensor full(const Shape& shape, Scalar value, TensorOptions options = {});
Tensor zeros(const Shape& shape, TensorOptions options = {});
Tensor ones(const Shape& shape, TensorOptions options = {});

/// For tensors made after another one: what is left out is as there.
struct LikeOptions {
  std::optional<DType> dtype = {};
  std::optional<Device> device = {};
};
Tensor full_like(const Tensor& like, Scalar value, const LikeOptions& options = {});
Tensor zeros_like(const Tensor& like, const LikeOptions& options = {});
Tensor ones_like(const Tensor& like, const LikeOptions& options = {});

/// As TensorOptions, where int64 is what one expects.
struct IntegerOptions {
  DType dtype = DType::i64;
  Device device = {};
};
/// start, start+step, … below `end`.
Tensor arange(double start, double end, double step = 1, IntegerOptions options = {});
/// `count` evenly spaced numbers from start to end, both included.
Tensor linspace(double start, double end, int64_t count, TensorOptions options = {});
/// The identity matrix.
Tensor eye(int64_t n, TensorOptions options = {});
/// 1 in the column that index names, else 0: [...index.shape, classes]. float32 unless said otherwise.
Tensor one_hot(const Tensor& index, int64_t classes, const LikeOptions& options = {});

// Random tensors. Numbers come from `generator`, by default the thread's own (manual_seed), and are the same on every
// device and for any number of threads.

/// Uniform in [0, 1).
Tensor rand(const Shape& shape, TensorOptions options = {}, Generator& generator = default_generator());
/// Standard normal.
Tensor randn(const Shape& shape, TensorOptions options = {}, Generator& generator = default_generator());
Tensor rand_like(const Tensor& like, const LikeOptions& options = {}, Generator& generator = default_generator());
Tensor randn_like(const Tensor& like, const LikeOptions& options = {}, Generator& generator = default_generator());
/// Whole numbers in [low, high).
Tensor randint(int64_t low, int64_t high, const Shape& shape, IntegerOptions options = {},
               Generator& generator = default_generator());
/// 1 with probability p, else 0, in options.dtype.
Tensor bernoulli(const Shape& shape, double p, TensorOptions options = {}, Generator& generator = default_generator());
/// A random order of 0 … n−1.
Tensor randperm(int64_t n, IntegerOptions options = {}, Generator& generator = default_generator());

}  // namespace gg
