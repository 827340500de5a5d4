#include "ops/mask.h"

#include "core/dispatch.h"
#include "cpu/nonzero.h"
#include "cuda/nonzero.h"
#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/index.h"
#include "ops/scan.h"
#include "ops/shape.h"

namespace gg {
namespace {

void check_mask(const Tensor& x, const Tensor& mask, const char* op) {
  GG_CHECK(mask.dtype() == boolean, op, ": the mask must be bool, got ", name_of(mask.dtype()));
  GG_CHECK(mask.device() == x.device(), op, ": the mask is on ", mask.device(), ", the tensor on ", x.device());
}

}  // namespace

Tensor masked_fill(const Tensor& x, const Tensor& mask, Scalar value) {
  check_mask(x, mask, "masked_fill");
  return where(mask, full({}, value, x.options()), x);
}

Tensor nonzero(const Tensor& mask) {
  check_mask(mask, mask, "nonzero");
  const int64_t n = mask.numel();
  const Tensor whole = contiguous(mask), counts = cumsum(reshape(whole, {n}), 0);
  const int64_t found = n == 0 ? 0 : to(select(counts, 0, n - 1), Device::cpu).data<int64_t>()[0];
  Tensor out = empty({found, mask.rank()}, {i64, mask.device()});
  GG_KERNEL(mask.device(), nonzero, out.array(), counts.array(), whole.array());
  return out;
}

Tensor masked_select(const Tensor& x, const Tensor& mask) {
  check_mask(x, mask, "masked_select");
  const Shape shape = broadcast_shapes(x.shape(), mask.shape(), "masked_select");
  const Tensor places = nonzero(reshape(expand(mask, shape), {shape.numel()}));
  return index_select(reshape(expand(x, shape), {shape.numel()}), 0, reshape(places, {places.numel()}));
}

}  // namespace gg
