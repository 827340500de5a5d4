#include "nn/blocks/adain.h"

#include "ops/elementwise.h"
#include "ops/shape.h"

namespace gg::nn {

StyleNorm::StyleNorm(int64_t style_dim, int64_t c, const AdaINOptions& o)
    : Module(str("StyleNorm(", style_dim, ", ", c, ")")),
      linear(register_module("linear", Linear(style_dim, 2 * c))),
      channels(c),
      options(o) {}

Tensor StyleNorm::operator()(const Tensor& x, const Tensor& style) const {
  GG_CHECK(x.rank() == 4 && x.size(1) == channels && style.rank() == 2 && style.size(0) == x.size(0), description(),
           ": expected [N, ", channels, ", H, W] and a style [N, d], got ", x.shape(), " and ", style.shape());
  Tensor both = reshape(linear(style), {x.size(0), 2, channels, 1, 1});
  return (select(both, 1, 0) + 1.0) * instance_norm(x, {}, {}, options.eps) + select(both, 1, 1);
}

}  // namespace gg::nn
