// Runs an elementwise loop (cpu/elementwise_loops.h) over arrays of any layout.
//
// The loops know only contiguous runs. Small contiguous operands go to the loop at once; larger ones are cut into
// chunks for the threads; every other layout is brought into that form by merging axes and gathering strided operands
// into small buffers (elementwise.cpp).
#pragma once

#include <span>

#include "core/array.h"
#include "cpu/elementwise_loops.h"

namespace gg::cpu {

inline constexpr int kMaxElementwiseInputs = 6;
inline constexpr int64_t kElementwiseGrain = 32 * 1024;  ///< elements of one chunk of parallel work

namespace detail {
void elementwise_any_layout(ElementwiseLoop loop, const void* functor, const Array& out, std::span<const Array> ins);

inline bool packed(const Array& a, const Shape& shape) {
  int64_t expected = 1;
  for (int i = shape.rank() - 1; i >= 0; --i) {
    if (a.strides[i] != expected && shape[i] != 1) return false;
    expected *= shape[i];
  }
  return true;
}
}  // namespace detail

/// out = functor(ins…), element by element. Each input has out's shape already (a broadcast axis has stride 0); strides
/// are free, but out must not overlap itself, and may share memory with an input only element by element. The element
/// types must be those of the loop.
inline void elementwise(ElementwiseLoop loop, const void* functor, const Array& out, std::span<const Array> ins) {
  int64_t n = out.numel();
  if (n <= kElementwiseGrain && detail::packed(out, out.shape)) {
    const void* in[kMaxElementwiseInputs];
    size_t i = 0;
    for (; i < ins.size() && i < kMaxElementwiseInputs && detail::packed(ins[i], out.shape); ++i) in[i] = ins[i].data;
    if (i == ins.size()) {
      if (n > 0) loop(n, out.data, in, functor);
      return;
    }
  }
  detail::elementwise_any_layout(loop, functor, out, ins);
}

}  // namespace gg::cpu
