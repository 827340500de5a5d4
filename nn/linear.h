// Linear.
#pragma once

#include "nn/module.h"

namespace gg::nn {

struct LinearOptions {
  bool bias = true;
};

/// x [..., in] ↦ x·weightᵀ + bias [..., out]. Initialised uniformly in ±1/sqrt(in).
struct Linear : Module {
  Linear(int64_t in_features, int64_t out_features, const LinearOptions& options = {});
  Tensor operator()(const Tensor& x) const;

  Parameter weight;  ///< [out, in]
  Parameter bias;    ///< [out], or undefined
};

}  // namespace gg::nn
