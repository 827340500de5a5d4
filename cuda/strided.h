// How a kernel walks several arrays of one shape together: a plan made on the host, and read by threads.
#pragma once

#include <cstdint>
#include <span>

#include "core/array.h"
#include "core/target.h"

namespace gg {

/// Division of n < 2^31 by a number that is known at launch: a product's high half, a sum and a shift, where a GPU has
/// no instruction for division. (Granlund and Montgomery, "Division by invariant integers using multiplication", PLDI
/// 1994.)
struct Divisor {
  uint32_t value = 1, multiplier = 1, shift = 0;

  Divisor() = default;
  /// 1 ≤ d < 2^31.
  explicit Divisor(uint32_t d);
  GG_HD uint32_t quotient(uint32_t n) const {
    return (static_cast<uint32_t>((static_cast<uint64_t>(n) * multiplier) >> 32) + n) >> shift;
  }
};

/// Operand 0 is the output. Axes are merged as far as they lie one behind the other in all operands; 32-bit numbers,
/// since 64-bit arithmetic is slow on a GPU. Axis 0 is the innermost.
struct StridedPlan {
  static constexpr int kMaxOperands = 4;
  int rank = 0;
  uint32_t count = 0;     ///< elements in all
  bool packed = false;    ///< every operand is one dense run in the plan's order: plain indices do
  bool in_packs = false;  ///< neighbours move together: see use_packs
  uint8_t repeats = 0;    ///< then, a bit for each operand that gives one element for all of a pack
  Divisor dims[kMaxRank] = {};
  int32_t strides[kMaxOperands][kMaxRank] = {};  ///< in elements

  /// Adds to offset[o] where element i of operand o < kOperands lies.
  template <int kOperands>
  GG_HD void add_offsets(uint32_t i, int32_t (&offset)[kOperands]) const {
    for (int axis = 0; axis < rank; ++axis) {
      const uint32_t outer = axis + 1 < rank ? dims[axis].quotient(i) : 0;
      const auto index = static_cast<int32_t>(i - outer * dims[axis].value);
      for (int o = 0; o < kOperands; ++o) offset[o] += index * strides[o][axis];
      i = outer;
    }
  }

  /// Where a pack begins whose first element is element i; the plan is in_packs.
  template <int kOperands>
  GG_HD void pack_offsets(uint32_t i, int32_t (&offset)[kOperands]) const {
    if (rank > 1) return add_offsets(i, offset);
    for (int o = 0; o < kOperands; ++o) offset[o] += repeats >> o & 1 ? 0 : static_cast<int32_t>(i);
  }

  /// Sets in_packs and repeats if packs of `width` neighbours can be moved by one access for each operand: along the
  /// innermost axis every operand is dense, or an input that stays where it is; rows are whole packs; and all packs
  /// lie at multiples of their size. The operands are those of make_plan.
  void use_packs(std::span<const Array> operands, int width);
};

/// In which order a plan counts the elements.
enum class PlanOrder {
  output,     ///< as they lie in the output's memory, so that it is written in runs
  row_major,  ///< by the logical axes
};

/// A plan for 1 to 4 operands of one shape. Throws gg::Error if shapes differ, or if an index or an offset needs more
/// than 31 bits.
StridedPlan make_plan(const char* name, std::span<const Array> operands, PlanOrder order = PlanOrder::output);

}  // namespace gg
