// Linear.
#pragma once

#include "nn/module.h"
#include "ops/matmul.h"

namespace gg::nn {

struct LinearOptions {
  bool bias = true;
};

/// x [..., in] ↦ x·weightᵀ + bias [..., out]. Initialised uniformly in ±1/sqrt(in).
struct Linear : Module {
  Linear(int64_t in_features, int64_t out_features, const LinearOptions& options = {});
  Tensor operator()(const Tensor& x) const { return run(x, weight, bias); }
  /// The same with another weight and bias (nn/weight_norm.h).
  Tensor run(const Tensor& x, const Tensor& w, const Tensor& b) const { return linear(x, w, b); }
  static constexpr int kOutputAxis = 0;  ///< of the weight

  Parameter weight;  ///< [out, in]
  Parameter bias;    ///< [out], or undefined
};

}  // namespace gg::nn
