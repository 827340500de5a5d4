#include "nn/sequential.h"

namespace gg::nn {

Tensor Sequential::layer(size_t i, const Tensor& x) const {
  GG_CHECK(i < size(), "Sequential: asked for layer ", i, " of ", size());
  try {
    return (*functions_)[i](x);
  } catch (const Error& e) {
    throw Error(str("layer ", i, ": ", e.what()));
  }
}

Tensor Sequential::operator()(Tensor x) const {
  for (size_t i = 0; i < size(); ++i) x = layer(i, x);
  return x;
}

}  // namespace gg::nn
