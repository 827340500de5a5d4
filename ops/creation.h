// New tensors.
#pragma once

#include "core/generator.h"
#include "core/tensor.h"
#include "ops/scalar.h"

namespace gg {

/// `value` everywhere. For int64 it must be a whole number; for bool it means whether it is not zero.
Tensor full(const Shape& shape, Scalar value, TensorOptions options = {});
Tensor zeros(const Shape& shape, TensorOptions options = {});
Tensor ones(const Shape& shape, TensorOptions options = {});
Tensor full_like(const Tensor& like, Scalar value);
Tensor zeros_like(const Tensor& like);
Tensor ones_like(const Tensor& like);
/// start, start+step, … below `end`. Default type int64.
Tensor arange(double start, double end, double step = 1, TensorOptions options = {.dtype = DType::i64});
/// `count` evenly spaced numbers from start to end, both included.
Tensor linspace(double start, double end, int64_t count, TensorOptions options = {});
/// The identity matrix.
Tensor eye(int64_t n, TensorOptions options = {});
/// 1 in the column that index names, else 0: [...index.shape, classes].
Tensor one_hot(const Tensor& index, int64_t classes, TensorOptions options = {});

// Random tensors. Numbers come from `generator`, by default the thread's own (manual_seed), and are the same on every
// device and for any number of threads.

/// Uniform in [0, 1).
Tensor rand(const Shape& shape, TensorOptions options = {}, Generator& generator = default_generator());
/// Standard normal.
Tensor randn(const Shape& shape, TensorOptions options = {}, Generator& generator = default_generator());
Tensor rand_like(const Tensor& like);
Tensor randn_like(const Tensor& like);
/// Whole numbers in [low, high), int64.
Tensor randint(int64_t low, int64_t high, const Shape& shape, Generator& generator = default_generator());
/// 1 with probability p, else 0, in options.dtype.
Tensor bernoulli(const Shape& shape, double p, TensorOptions options = {}, Generator& generator = default_generator());
/// A random order of 0 … n−1, int64.
Tensor randperm(int64_t n, Generator& generator = default_generator());

}  // namespace gg
