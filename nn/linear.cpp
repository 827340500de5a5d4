#include "nn/linear.h"

#include "nn/init.h"
#include "ops/index.h"

namespace gg::nn {

Linear::Linear(int64_t in_features, int64_t out_features, const LinearOptions& options)
    : Module(str("Linear(", in_features, ", ", out_features, options.bias ? ")" : ", bias = false)")) {
  GG_CHECK(in_features > 0 && out_features > 0, description(), ": sizes must be positive");
  weight = register_parameter("weight", empty({out_features, in_features}));
  if (options.bias) bias = register_parameter("bias", empty({out_features}));
  init::default_(weight, bias);
}

Embedding::Embedding(int64_t num_embeddings, int64_t dim) : Module(str("Embedding(", num_embeddings, ", ", dim, ")")) {
  GG_CHECK(num_embeddings > 0 && dim > 0, description(), ": sizes must be positive");
  weight = register_parameter("weight", empty({num_embeddings, dim}));
  init::normal_(weight, 0, 1);
}

Tensor Embedding::operator()(const Tensor& index) const { return embedding(weight, index); }

}  // namespace gg::nn
