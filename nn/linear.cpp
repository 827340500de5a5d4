#include "nn/linear.h"

#include "nn/init.h"

namespace gg::nn {

Linear::Linear(int64_t in_features, int64_t out_features, const LinearOptions& options)
    : Module(str("Linear(", in_features, ", ", out_features, options.bias ? ")" : ", bias = false)")) {
  GG_CHECK(in_features > 0 && out_features > 0, description(), ": sizes must be positive");
  weight = register_parameter("weight", empty({out_features, in_features}));
  if (options.bias) bias = register_parameter("bias", empty({out_features}));
  init::default_(weight, bias);
}

}  // namespace gg::nn
