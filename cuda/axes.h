// Axes along which a kernel walks several arrays together, where these have not one shape (for that see strided.h):
// some axes of them, or arrays without some axes. Listed, sorted and merged on the host (AxisList), then a plain value
// of 32-bit numbers that threads read (AxisPlan).
#pragma once

#include <cstdint>
#include <initializer_list>

#include "core/array.h"
#include "cuda/strided.h"

namespace gg {

/// Axis 0 is the innermost. No axis at all is one position.
template <int kOperands>
struct AxisPlan {
  int rank = 0;
  uint32_t count = 1;  ///< positions in all
  Divisor size[kMaxRank];
  int32_t stride[kOperands][kMaxRank] = {};  ///< in elements

  /// Adds to at[k] where position i < count of operand k lies.
  GG_HD void add_offsets(uint32_t i, int32_t (&at)[kOperands]) const {
    for (int axis = 0; axis < rank; ++axis) {
      const uint32_t outer = axis + 1 < rank ? size[axis].quotient(i) : 0;
      const auto index = static_cast<int32_t>(i - outer * size[axis].value);
      for (int k = 0; k < kOperands; ++k) at[k] += index * stride[k][axis];
      i = outer;
    }
  }
};

/// The same before it is fixed, on the host; axis 0 is the outermost.
struct AxisList {
  static constexpr int kMaxOperands = 6;
  int operands = 0, rank = 0;
  int64_t size[kMaxRank] = {};
  int64_t stride[kMaxOperands][kMaxRank] = {};

  explicit AxisList(int count) : operands(count) {}
  void push(int64_t n, std::initializer_list<int64_t> strides);
  /// Puts axes with large strides of operand 0 (then 1, …) outside, so that neighbouring threads read neighbours.
  AxisList& sort();
  /// Drops axes of size 1 and makes one axis of neighbours that lie one behind the other in all operands.
  AxisList& merge();
  int64_t count() const;

  /// The stride of operand k along the innermost axis; 0 where there is none.
  int64_t inner_stride(int k) const { return rank ? stride[k][rank - 1] : 0; }

  /// Sizes must have been checked (check_reach).
  template <int kOperands>
  AxisPlan<kOperands> fixed() const {
    AxisPlan<kOperands> axes;
    axes.rank = rank;
    axes.count = static_cast<uint32_t>(count());
    for (int i = 0; i < rank; ++i) {
      const int from = rank - 1 - i;
      axes.size[i] = Divisor(static_cast<uint32_t>(size[from] > 0 ? size[from] : 1));
      for (int k = 0; k < kOperands; ++k) axes.stride[k][i] = static_cast<int32_t>(stride[k][from]);
    }
    return axes;
  }
};

/// Throws gg::Error unless the elements of every array can be counted and reached with 31 bits.
void check_reach(const char* name, std::initializer_list<Array> arrays);

}  // namespace gg
