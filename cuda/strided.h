// A layout as elementwise launches take it, and the plan they make of several: a plain value that a kernel reads.
#pragma once

#include <array>
#include <cstdint>

#include "core/error.h"

namespace gg {

/// Where the elements of one operand lie: at base + sum_i index_i * strides[i], in elements. A stride of 0 repeats.
struct StridedLayout {
  static constexpr int kMaxRank = 8;
  int rank = 0;
  int64_t dims[kMaxRank] = {};
  int64_t strides[kMaxRank] = {};
};

/// Several operands of one shape with axes merged as far as they lie one behind the other in all of them; 32-bit, since
/// 64-bit division is slow on a GPU. Axis 0 is the innermost.
template <int kOperands>
struct StridedPlan {
  int rank = 0;
  uint32_t count = 1;  ///< elements in all
  uint32_t dims[StridedLayout::kMaxRank] = {};
  int32_t strides[kOperands][StridedLayout::kMaxRank] = {};

  /// Whether every operand is one dense run: then plain indices do.
  bool is_contiguous() const {
    if (rank == 0) return true;
    if (rank != 1) return false;
    for (const auto& s : strides) {
      if (s[0] != 1) return false;
    }
    return true;
  }
};

/// Throws gg::Error if ranks or sizes differ, or if an index or an offset needs more than 31 bits.
template <int kOperands>
StridedPlan<kOperands> make_plan(const char* name, const std::array<StridedLayout, kOperands>& operands) {
  const StridedLayout& first = operands[0];
  GG_CHECK(first.rank >= 0 && first.rank <= StridedLayout::kMaxRank, name, ": rank must be 0 to 8, got ", first.rank);
  for (int o = 1; o < kOperands; ++o) {
    GG_CHECK(operands[o].rank == first.rank, name, ": operand ", o, " has rank ", operands[o].rank, ", operand 0 rank ",
             first.rank);
    for (int i = 0; i < first.rank; ++i) {
      GG_CHECK(operands[o].dims[i] == first.dims[i], name, ": operand ", o, " has size ", operands[o].dims[i],
               " along axis ", i, ", operand 0 has ", first.dims[i]);
    }
  }
  constexpr int64_t kLimit = INT32_MAX;
  StridedPlan<kOperands> plan;
  for (int i = 0; i < first.rank; ++i) {
    GG_CHECK(first.dims[i] >= 0, name, ": size ", first.dims[i], " along axis ", i, " is negative");
    if (first.dims[i] == 0) plan.count = 0;
  }
  if (plan.count == 0) return plan;
  int64_t count = 1, offsets[kOperands] = {};
  for (int i = first.rank - 1; i >= 0; --i) {
    const int64_t size = first.dims[i];
    GG_CHECK(size <= kLimit && count <= kLimit / size, name, ": more than 2^31-1 elements; split the work");
    count *= size;
    if (size == 1) continue;
    bool merges = plan.rank > 0;
    for (int o = 0; o < kOperands; ++o) {
      const int64_t stride = operands[o].strides[i], steps = size - 1;
      const int64_t magnitude = stride < 0 ? -stride : stride;
      GG_CHECK(magnitude <= kLimit && magnitude <= (kLimit - offsets[o]) / steps, name, ": operand ", o,
               " reaches further than 2^31-1 elements; split the work");
      offsets[o] += magnitude * steps;
      if (merges) {
        const int last = plan.rank - 1;
        merges = stride == static_cast<int64_t>(plan.strides[o][last]) * plan.dims[last];
      }
    }
    if (merges) {
      plan.dims[plan.rank - 1] *= static_cast<uint32_t>(size);
    } else {
      plan.dims[plan.rank] = static_cast<uint32_t>(size);
      for (int o = 0; o < kOperands; ++o) plan.strides[o][plan.rank] = static_cast<int32_t>(operands[o].strides[i]);
      ++plan.rank;
    }
  }
  plan.count = static_cast<uint32_t>(count);
  return plan;
}

}  // namespace gg
