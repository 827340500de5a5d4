#include "cuda/elementwise.cuh"

namespace gg::GG_CUDA_NS {

void elementwise(const char* name, DeviceKernel kernel, const FunctorBytes& functor, const Array& out,
                 std::span<const Array> ins) {
  GG_CHECK(ins.size() <= kMaxDeviceInputs, name, ": at most ", kMaxDeviceInputs, " inputs on a device, got ",
           ins.size());
  Array operands[StridedPlan::kMaxOperands];
  size_t widest = size_of(out.dtype), n = 0;
  operands[n++] = out;
  for (const Array& in : ins) {
    widest = std::max(widest, size_of(in.dtype));
    operands[n++] = in;
  }
  StridedPlan plan = make_plan(name, std::span<const Array>(operands, n));
  if (plan.count == 0) return;

  const int width = pack_width(widest);
  plan.use_packs(std::span<const Array>(operands, n), width);
  const void* in[kMaxDeviceInputs] = {};
  for (size_t i = 1; i < n; ++i) in[i - 1] = operands[i].data;
  const unsigned grid = blocks_for((int64_t{plan.count} + width - 1) / width, kElementwiseThreads);
  launch(name, kernel, grid, kElementwiseThreads, 0, functor, plan, out.data, in[0], in[1], in[2]);
}

}  // namespace gg::GG_CUDA_NS
