// out[i] = op(in0[i], in1[i], …) for a device functor `op`: the kernel of every elementwise operation.
//
//   struct Axpy {                                    // trivially copyable; its members are the op's parameters
//     float a;
//     __device__ float operator()(float x, float y) const { return a * x + y; }
//   };
//   elementwise<float, float, float>("axpy", Axpy{2.0f}, out, {x, y});          // out and ins are Arrays of any layout
//
// A thread handles as many elements as 16 bytes hold. Where the innermost axis allows it (StridedPlan::use_packs),
// those are neighbours and move by one instruction for each operand; else they lie a block apart, so that neighbouring
// threads still read neighbours. The formula is compiled once for both. Up to three inputs, none included; element
// types may differ. `out` may be one of the inputs if both lie alike.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#include "cuda/elementwise.h"
#include "cuda/platform.h"

namespace gg::GG_CUDA_NS {

inline constexpr int kElementwiseThreads = 128;

/// kWidth elements moved by one instruction.
template <class T, int kWidth>
struct alignas(sizeof(T) * kWidth) Pack {
  T element[kWidth];
};

template <class... T>
inline constexpr int kPackWidth = pack_width(std::max({sizeof(T)...}));

template <class Op>
__device__ Op op_from(const FunctorBytes& functor) {
  static_assert(sizeof(Op) <= sizeof(FunctorBytes) && std::is_trivially_copyable_v<Op>);
  Op op{};
  if constexpr (!std::is_empty_v<Op>) memcpy(static_cast<void*>(&op), functor.bytes, sizeof(Op));
  return op;
}

template <class T, int kWidth>
__device__ void load_pack(const void* from, int32_t at, bool repeated, Pack<T, kWidth>& pack) {
  const T* first = static_cast<const T*>(from) + at;
  if (repeated) {
    const T value = *first;
#pragma unroll
    for (int k = 0; k < kWidth; ++k) pack.element[k] = value;
  } else {
    pack = *reinterpret_cast<const Pack<T, kWidth>*>(first);
  }
}

/// The work of a thread. `x` are this function's copies of the inputs.
template <int kWidth, class Out, class Op, class... In, int... kInput>
__device__ void elementwise_pack(std::integer_sequence<int, kInput...>, const Op& op, const StridedPlan& plan, Out* out,
                                 const void* const* in, Pack<In, kWidth>... x) {
  const uint32_t first = blockIdx.x * (kElementwiseThreads * kWidth) + threadIdx.x * (plan.in_packs ? kWidth : 1);
  const uint32_t apart = plan.in_packs ? 1 : kElementwiseThreads;
  const bool whole = plan.in_packs && first + kWidth <= plan.count;
  int32_t out_at[kWidth] = {};
  if (whole) {
    int32_t at[1 + sizeof...(In)] = {};
    plan.pack_offsets(first, at);
    (load_pack(in[kInput], at[1 + kInput], plan.repeats >> (1 + kInput) & 1, x), ...);
    out_at[0] = at[0];
  } else {
#pragma unroll
    for (int k = 0; k < kWidth; ++k) {
      const uint32_t i = first + static_cast<uint32_t>(k) * apart;
      int32_t at[1 + sizeof...(In)] = {};
      if (i < plan.count) {
        plan.add_offsets(i, at);
        ((x.element[k] = static_cast<const In*>(in[kInput])[at[1 + kInput]]), ...);
      }
      out_at[k] = at[0];
    }
  }
  Pack<Out, kWidth> y;
#pragma unroll
  for (int k = 0; k < kWidth; ++k) y.element[k] = op(x.element[k]...);
  if (whole) {
    *reinterpret_cast<Pack<Out, kWidth>*>(out + out_at[0]) = y;
  } else {
#pragma unroll
    for (int k = 0; k < kWidth; ++k) {
      if (first + static_cast<uint32_t>(k) * apart < plan.count) out[out_at[k]] = y.element[k];
    }
  }
}

// bytes: each operand once, the least; inputs that the formula does not need are not read
template <class Op, class Out, class... In>
__global__ void __launch_bounds__(kElementwiseThreads)
    elementwise_kernel(FunctorBytes functor, StridedPlan plan, void* out, const void* in0, const void* in1,
                       const void* in2) {
  static_assert(sizeof...(In) <= kMaxDeviceInputs);
  const void* const in[kMaxDeviceInputs] = {in0, in1, in2};
  elementwise_pack<kPackWidth<Out, In...>>(std::make_integer_sequence<int, static_cast<int>(sizeof...(In))>(),
                                           op_from<Op>(functor), plan, static_cast<Out*>(out), in,
                                           Pack<In, kPackWidth<Out, In...>>{}...);
}

/// Runs `op` over arrays whose element types are Out and In….
template <class Out, class... In, class Op>
void elementwise(const char* name, const Op& op, const Array& out, const std::array<Array, sizeof...(In)>& ins) {
  static_assert(sizeof(Op) <= sizeof(FunctorBytes) && std::is_trivially_copyable_v<Op>,
                "an op's parameters must be plain numbers, at most 32 bytes of them");
  FunctorBytes functor{};
  if constexpr (!std::is_empty_v<Op>) std::memcpy(functor.bytes, &op, sizeof(Op));
  elementwise(name, elementwise_kernel<Op, Out, In...>, functor, out, std::span<const Array>(ins));
}

}  // namespace gg::GG_CUDA_NS
