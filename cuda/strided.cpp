#include "cuda/strided.h"

namespace gg {
namespace {

constexpr int64_t kLimit = INT32_MAX;

int64_t magnitude(int64_t x) { return x < 0 ? -x : x; }

/// Throws unless all elements can be counted and reached with 31 bits.
void check_sizes(const char* name, std::span<const Array> operands) {
  const Shape& shape = operands[0].shape;
  GG_CHECK(shape.numel() <= kLimit, name, ": ", shape, " has more than 2^31-1 elements; split the work");
  for (size_t o = 0; o < operands.size(); ++o) {
    GG_CHECK(operands[o].shape == shape, name, ": operand ", o, " has shape ", operands[o].shape, ", operand 0 ",
             shape);
    int64_t reach = 0;
    for (int i = 0; i < shape.rank(); ++i) {
      const int64_t steps = shape[i] - 1, stride = magnitude(operands[o].strides[i]);
      if (steps == 0) continue;
      GG_CHECK(stride <= kLimit && stride <= (kLimit - reach) / steps, name, ": operand ", o,
               " reaches further than 2^31-1 elements; split the work");
      reach += stride * steps;
    }
  }
}

}  // namespace

Divisor::Divisor(uint32_t d) : value(d) {
  while ((uint64_t{1} << shift) < d) ++shift;
  multiplier = static_cast<uint32_t>((((uint64_t{1} << shift) - d) << 32) / d + 1);
}

void StridedPlan::use_packs(std::span<const Array> operands, int width) {
  in_packs = rank > 0 && (rank == 1 || dims[0].value % static_cast<uint32_t>(width) == 0);
  for (size_t o = 0; o < operands.size() && in_packs; ++o) {
    if (o > 0 && strides[o][0] == 0) {
      repeats |= static_cast<uint8_t>(1u << o);
      continue;
    }
    const size_t bytes = static_cast<size_t>(width) * size_of(operands[o].dtype);
    in_packs = strides[o][0] == 1 && reinterpret_cast<uintptr_t>(operands[o].data) % bytes == 0;
    for (int axis = 1; axis < rank; ++axis) in_packs &= strides[o][axis] % width == 0;
  }
}

StridedPlan make_plan(const char* name, std::span<const Array> operands, PlanOrder order) {
  GG_CHECK(!operands.empty() && operands.size() <= StridedPlan::kMaxOperands, name, ": 1 to ",
           StridedPlan::kMaxOperands, " operands, got ", operands.size());
  const Array& out = operands[0];
  StridedPlan plan;
  for (int i = 0; i < out.rank(); ++i) {
    if (out.shape[i] == 0) return plan;
  }
  check_sizes(name, operands);
  plan.count = static_cast<uint32_t>(out.numel());

  // The axes, outermost first.
  int axes[kMaxRank], count = 0;
  for (int axis = 0; axis < out.rank(); ++axis) {
    if (out.shape[axis] == 1) continue;
    int at = count++;
    for (; order == PlanOrder::output && at > 0 && magnitude(out.strides[axes[at - 1]]) < magnitude(out.strides[axis]);
         --at) {
      axes[at] = axes[at - 1];
    }
    axes[at] = axis;
  }
  int64_t size = 1;  // of the plan's last axis
  for (int k = count - 1; k >= 0; --k) {
    const int axis = axes[k], last = plan.rank - 1;
    bool merges = plan.rank > 0;
    for (size_t o = 0; o < operands.size() && merges; ++o) {
      merges = operands[o].strides[axis] == plan.strides[o][last] * size;
    }
    if (merges) {
      size *= out.shape[axis];
    } else {
      size = out.shape[axis];
      for (size_t o = 0; o < operands.size(); ++o) {
        plan.strides[o][plan.rank] = static_cast<int32_t>(operands[o].strides[axis]);
      }
      ++plan.rank;
    }
    plan.dims[plan.rank - 1] = Divisor(static_cast<uint32_t>(size));
  }
  plan.packed = plan.rank <= 1;
  for (size_t o = 0; o < operands.size() && plan.rank == 1; ++o) plan.packed &= plan.strides[o][0] == 1;
  return plan;
}

}  // namespace gg
