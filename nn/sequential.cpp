#include "nn/sequential.h"

namespace gg::nn {

Tensor Sequential::operator()(Tensor x) const {
  for (size_t i = 0; i < size(); ++i) {
    try {
      x = (*functions_)[i](x);
    } catch (const Error& e) {
      throw Error(str("layer ", i, ": ", e.what()));
    }
  }
  return x;
}

}  // namespace gg::nn
