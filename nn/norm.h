// Normalisation layers. weight starts at 1, bias at 0.
#pragma once

#include "nn/module.h"

namespace gg::nn {

struct LayerNormOptions {
  double eps = 1e-5;
  bool affine = true;  ///< learn weight and bias
};

/// (x − mean) / sqrt(var + eps) over the trailing axes, whose shape is `normalized`; times weight plus bias of that
/// shape.
struct LayerNorm : Module {
  explicit LayerNorm(const Shape& normalized, const LayerNormOptions& options = {});
  explicit LayerNorm(int64_t last, const LayerNormOptions& options = {}) : LayerNorm(Shape{last}, options) {}
  Tensor operator()(const Tensor& x) const;

  Parameter weight, bias;  ///< undefined where not affine
  Shape normalized;
  LayerNormOptions options;
};

struct BatchNormOptions {
  double eps = 1e-5;
  double momentum = 0.1;  ///< weight of the newest batch in the running statistics
  bool affine = true;     ///< learn weight and bias
};

/// (x − mean) / sqrt(var + eps) per channel of x [N, C, ...]. In training the statistics are the batch's own (biased
/// variance), and the running ones follow them (unbiased variance); in evaluation they are the running ones.
struct BatchNorm : Module {
  Tensor operator()(const Tensor& x) const;

  Parameter weight, bias;            ///< [C], undefined where not affine
  Buffer running_mean, running_var;  ///< buffers [C], at first 0 and 1
  Buffer num_batches_tracked;        ///< int64 []; on the CPU wherever the module is
  BatchNormOptions options;

 protected:
  BatchNorm(const char* name, int64_t channels, int min_rank, int max_rank, const BatchNormOptions& options);

 private:
  int min_rank_, max_rank_;
};

/// For x [N, C] or [N, C, L].
struct BatchNorm1d : BatchNorm {
  explicit BatchNorm1d(int64_t channels, const BatchNormOptions& options = {})
      : BatchNorm("BatchNorm1d", channels, 2, 3, options) {}
};

/// For x [N, C, H, W].
struct BatchNorm2d : BatchNorm {
  explicit BatchNorm2d(int64_t channels, const BatchNormOptions& options = {})
      : BatchNorm("BatchNorm2d", channels, 4, 4, options) {}
};

}  // namespace gg::nn
