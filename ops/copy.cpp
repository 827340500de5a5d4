#include "ops/copy.h"

#include "autograd/raw.h"
#include "core/grad_mode.h"

namespace gg {

void copy_(const Tensor& to, const Tensor& from) {
  GG_CHECK(to.shape() == from.shape() && to.dtype() == from.dtype(), "copy_: expected ", to.dtype(), " ", to.shape(),
           ", got ", from.dtype(), " ", from.shape());
  GG_CHECK(!to.requires_grad() || !GradMode::enabled(),
           "copy_: in-place writes are not recorded; use NoGrad, or a tensor that does not require grad");
  if (to.is_symbolic_zero()) to.get().own_zeros();
  raw::copy_into(to.detach(), raw::to_device(from.detach(), to.device()));
  to.get().storage->bump_version();
}

}  // namespace gg
