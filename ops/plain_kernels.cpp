#include "cpu/plain_loops.h"
#include "ops/elementwise_kernels.h"

namespace gg {
namespace {

template <DeviceKernel ElementwiseKernel::*kPlace>
void add_kernels(PlainKernels& all, const DevicePlainKernels& device) {
  for (int type = 0; type < 4; ++type) {
    for (int op = 0; op < kPlainCount; ++op) all.binary[op][type].*kPlace = device.binary[op][type];
    all.where[type].*kPlace = device.where[type];
  }
}

}  // namespace

PlainKernels make_plain_kernels() {
  PlainKernels all;
  for (int i = 0; i < 4; ++i) {
    const auto type = static_cast<DType>(i);
    for (int op = 0; op < kPlainCount; ++op) all.binary[op][i].cpu = cpu::plain_loop(static_cast<Plain>(op), type);
    all.where[i].cpu = cpu::where_loop(type);
  }
#if GG_WITH_CUDA
  add_kernels<&ElementwiseKernel::cuda>(all, cuda::plain_kernels());
#endif
#if GG_WITH_EMULATED
  add_kernels<&ElementwiseKernel::emulated>(all, emulated::plain_kernels());
#endif
  return all;
}

}  // namespace gg
