#include "cuda/array_kernels.h"

#include "cuda/platform.h"
#include "cuda/softmax.h"

namespace gg::GG_CUDA_NS {
namespace {

int64_t last(const Array& a) { return a.rank() ? a.shape[a.rank() - 1] : 1; }

void check_contiguous(const Array& a, const char* name) {
  GG_CHECK(a.is_contiguous(), name, ": expected a contiguous tensor on this device, got strides of shape ", a.shape,
           "; take contiguous(x) first");
}

}  // namespace

void softmax_forward(Array out, Array x) {
  check_contiguous(x, "softmax");
  if (x.numel() == 0) return;
  visit_floating(x.dtype, "softmax",
                 [&]<class T>() { softmax_forward<T>(x.as<T>(), out.as<T>(), x.numel() / last(x), last(x)); });
}

void softmax_backward(Array dx, Array g, Array y) {
  check_contiguous(g, "softmax");
  check_contiguous(y, "softmax");
  if (y.numel() == 0) return;
  visit_floating(y.dtype, "softmax", [&]<class T>() {
    softmax_backward<T>(g.as<T>(), y.as<T>(), dx.as<T>(), y.numel() / last(y), last(y));
  });
}

}  // namespace gg::GG_CUDA_NS
