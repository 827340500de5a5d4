// out[i] = op(in0[i], in1[i], …) for a device functor `op`: the loop that every elementwise kernel shares.
//
//   struct Axpy {                                    // trivially copyable; its members are the op's parameters
//     float a;
//     __device__ float operator()(float x, float y) const { return a * x + y; }
//   };
//   elementwise("axpy", Axpy{2.0f}, n, stream, out, x, y);
//
// Threads stride over the elements, so the grid is as large as the device, not as the data. Dense operands whose
// addresses allow it are read and written 16 bytes at a time. Others take a StridedLayout each. `out` may be one of the
// inputs if both lie alike. Any number of inputs, none included; element types may differ.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "cuda/platform.h"
#include "cuda/strided.h"

namespace gg::GG_CUDA_NS {

inline constexpr int kElementwiseThreads = 128;

/// kWidth elements moved by one instruction.
template <class T, int kWidth>
struct alignas(sizeof(T) * kWidth) Pack {
  T element[kWidth];
};

/// Elements per step such that the widest type takes 16 bytes.
template <class... T>
inline constexpr int kPackWidth = 16 / static_cast<int>(std::max({sizeof(T)..., size_t{1}}));

/// Elements [0, count) in packs of kWidth, then the rest one by one. Addresses must be aligned to their packs.
template <int kWidth, class F, class Out, class... In>
__global__ void elementwise_dense_kernel(F op, uint32_t count, Out* out, const In*... in) {
  const uint32_t thread = blockIdx.x * blockDim.x + threadIdx.x, threads = gridDim.x * blockDim.x;
  const uint32_t packs = count / kWidth;
  for (uint32_t p = thread; p < packs; p += threads) {
    auto apply = [&](const Pack<In, kWidth>... from) {
      Pack<Out, kWidth> to;
#pragma unroll
      for (int k = 0; k < kWidth; ++k) to.element[k] = op(from.element[k]...);
      return to;
    };
    reinterpret_cast<Pack<Out, kWidth>*>(out)[p] = apply(reinterpret_cast<const Pack<In, kWidth>*>(in)[p]...);
  }
  for (uint32_t i = packs * kWidth + thread; i < count; i += threads) out[i] = op(in[i]...);
}

template <int... kInput, class F, class Out, class... In>
__device__ void elementwise_store(std::integer_sequence<int, kInput...>, F op, const int32_t* offset, Out* out,
                                  const In*... in) {
  out[offset[0]] = op(in[offset[1 + kInput]]...);
}

/// Operand 0 of the plan is the output.
template <class F, class Out, class... In>
__global__ void elementwise_strided_kernel(F op, StridedPlan<1 + static_cast<int>(sizeof...(In))> plan, Out* out,
                                           const In*... in) {
  constexpr int kOperands = 1 + static_cast<int>(sizeof...(In));
  const uint32_t threads = gridDim.x * blockDim.x;
  for (uint32_t i = blockIdx.x * blockDim.x + threadIdx.x; i < plan.count; i += threads) {
    int32_t offset[kOperands] = {};
    uint32_t rest = i;
    for (int axis = 0; axis < plan.rank; ++axis) {
      const uint32_t outer = rest / plan.dims[axis];
      const int32_t index = static_cast<int32_t>(rest - outer * plan.dims[axis]);
      rest = outer;
#pragma unroll
      for (int o = 0; o < kOperands; ++o) offset[o] += index * plan.strides[o][axis];
    }
    elementwise_store(std::make_integer_sequence<int, kOperands - 1>{}, op, offset, out, in...);
  }
}

/// Dense operands of `count` elements each; count < 2^31, else gg::Error.
template <class F, class Out, class... In>
void elementwise(const char* name, F op, int64_t count, DeviceStream stream, Out* out, const In*... in) {
  GG_CHECK(count >= 0 && count <= INT32_MAX, name, ": 0 to 2^31-1 elements in one launch, got ", count);
  constexpr int kWidth = kPackWidth<Out, In...>;
  auto fits = [](const auto* p) { return reinterpret_cast<uintptr_t>(p) % (sizeof(*p) * kWidth) == 0; };
  const uint32_t n = static_cast<uint32_t>(count);
  if (fits(out) && (fits(in) && ...)) {
    launch(name, elementwise_dense_kernel<kWidth, F, Out, In...>,
           grid_for((count + kWidth - 1) / kWidth, kElementwiseThreads), kElementwiseThreads, 0, native(stream), op, n,
           out, in...);
  } else {
    launch(name, elementwise_dense_kernel<1, F, Out, In...>, grid_for(count, kElementwiseThreads), kElementwiseThreads,
           0, native(stream), op, n, out, in...);
  }
}

/// Operands with a layout each: layouts[0] is the output's, then the inputs' in order. Pointers are to the element with
/// index 0 along every axis. The output must not overlap itself.
template <class F, class Out, class... In>
void elementwise(const char* name, F op, const std::array<StridedLayout, 1 + sizeof...(In)>& layouts,
                 DeviceStream stream, Out* out, const In*... in) {
  const auto plan = make_plan<1 + static_cast<int>(sizeof...(In))>(name, layouts);
  if (plan.is_contiguous()) return elementwise(name, op, static_cast<int64_t>(plan.count), stream, out, in...);
  launch(name, elementwise_strided_kernel<F, Out, In...>, grid_for(plan.count, kElementwiseThreads),
         kElementwiseThreads, 0, native(stream), op, plan, out, in...);
}

}  // namespace gg::GG_CUDA_NS
