#include "cpu/elementwise.h"

#include <algorithm>

#include "core/parallel.h"

namespace gg::cpu {
namespace {

constexpr int kMaxOperands = kMaxElementwiseInputs + 1;
constexpr int64_t kBuffer = 512;    // elements gathered at a time
constexpr int64_t kShortRow = 64;   // rows up to this length are gathered many at a time
constexpr int64_t kMaxElement = 8;  // bytes of the largest element type

// The operands (0 is the output) over common axes, outermost first, with neighbouring axes merged where every operand
// allows it. Strides in bytes.
struct Plan {
  int operands = 0;
  int axes = 0;
  int64_t size[kMaxRank];
  int64_t stride[kMaxOperands][kMaxRank];
  char* data[kMaxOperands];
  int64_t element[kMaxOperands];

  bool contiguous(int operand) const { return stride[operand][axes - 1] == element[operand]; }
};

int64_t magnitude(int64_t x) { return x < 0 ? -x : x; }

Plan make_plan(const Array& out, std::span<const Array> ins) {
  Plan plan;
  plan.operands = static_cast<int>(ins.size()) + 1;
  auto operand = [&](int k) -> const Array& { return k == 0 ? out : ins[k - 1]; };
  for (int k = 0; k < plan.operands; ++k) {
    plan.data[k] = static_cast<char*>(operand(k).data);
    plan.element[k] = static_cast<int64_t>(size_of(operand(k).dtype));
  }
  // In the order of the output's strides, largest first, so that the output is written in memory order.
  int order[kMaxRank], count = 0;
  for (int axis = 0; axis < out.rank(); ++axis) {
    if (out.shape[axis] == 1) continue;
    int at = count++;
    for (; at > 0 && magnitude(out.strides[order[at - 1]]) < magnitude(out.strides[axis]); --at)
      order[at] = order[at - 1];
    order[at] = axis;
  }
  for (int i = 0; i < count; ++i) {
    int64_t size = out.shape[order[i]];
    bool merge = plan.axes > 0;
    for (int k = 0; k < plan.operands && merge; ++k) {
      merge = plan.stride[k][plan.axes - 1] == operand(k).strides[order[i]] * plan.element[k] * size;
    }
    if (merge) {
      plan.size[plan.axes - 1] *= size;
    } else {
      plan.size[plan.axes++] = size;
    }
    for (int k = 0; k < plan.operands; ++k) {
      plan.stride[k][plan.axes - 1] = operand(k).strides[order[i]] * plan.element[k];
    }
  }
  if (plan.axes == 0) {  // a single element
    plan.axes = 1;
    plan.size[0] = 1;
    for (int k = 0; k < plan.operands; ++k) plan.stride[k][0] = plan.element[k];
  }
  return plan;
}

template <class Word>
void copy_strided(char* to, int64_t to_stride, const char* from, int64_t from_stride, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    *reinterpret_cast<Word*>(to + i * to_stride) = *reinterpret_cast<const Word*>(from + i * from_stride);
  }
}

void copy_elements(int64_t element, char* to, int64_t to_stride, const char* from, int64_t from_stride, int64_t n) {
  switch (element) {
    case 8:
      return copy_strided<uint64_t>(to, to_stride, from, from_stride, n);
    case 4:
      return copy_strided<uint32_t>(to, to_stride, from, from_stride, n);
    default:
      return copy_strided<uint8_t>(to, to_stride, from, from_stride, n);
  }
}

// Where each operand stands at one row (a position in all axes but the last).
struct Cursor {
  int64_t index[kMaxRank] = {};
  char* at[kMaxOperands];

  Cursor(const Plan& plan, int64_t row) {
    std::copy(plan.data, plan.data + plan.operands, at);
    for (int axis = plan.axes - 2; axis >= 0; --axis) {
      index[axis] = row % plan.size[axis];
      row /= plan.size[axis];
      for (int k = 0; k < plan.operands; ++k) at[k] += index[axis] * plan.stride[k][axis];
    }
  }
  void next_row(const Plan& plan) {
    for (int axis = plan.axes - 2; axis >= 0; --axis) {
      ++index[axis];
      for (int k = 0; k < plan.operands; ++k) at[k] += plan.stride[k][axis];
      if (index[axis] < plan.size[axis]) return;
      for (int k = 0; k < plan.operands; ++k) at[k] -= plan.size[axis] * plan.stride[k][axis];
      index[axis] = 0;
    }
  }
};

struct Buffers {
  alignas(64) char bytes[kMaxOperands][kBuffer * kMaxElement];
  const char* constant[kMaxOperands] = {};  // the stride-0 element that fills a buffer already
};

// Elements [begin, end) of one row.
void run_row(const Plan& plan, ElementwiseLoop loop, const void* functor, const Cursor& cursor, int64_t begin,
             int64_t end, Buffers& buffers) {
  const int inner = plan.axes - 1;
  bool direct = true;
  for (int k = 0; k < plan.operands; ++k) direct &= plan.contiguous(k);
  const int64_t step = direct ? end - begin : kBuffer;
  for (int64_t first = begin; first < end; first += step) {
    const int64_t n = std::min(step, end - first);
    const void* in[kMaxElementwiseInputs];
    for (int k = 1; k < plan.operands; ++k) {
      const int64_t stride = plan.stride[k][inner];
      const char* from = cursor.at[k] + first * stride;
      if (plan.contiguous(k)) {
        in[k - 1] = from;
        continue;
      }
      in[k - 1] = buffers.bytes[k];
      if (stride != 0) {
        copy_elements(plan.element[k], buffers.bytes[k], plan.element[k], from, stride, n);
      } else if (buffers.constant[k] != from) {
        copy_elements(plan.element[k], buffers.bytes[k], plan.element[k], from, 0, std::min(kBuffer, plan.size[inner]));
        buffers.constant[k] = from;
      }
    }
    char* out = cursor.at[0] + first * plan.stride[0][inner];
    if (plan.contiguous(0)) {
      loop(n, out, in, functor);
    } else {
      loop(n, buffers.bytes[0], in, functor);
      copy_elements(plan.element[0], out, plan.stride[0][inner], buffers.bytes[0], plan.element[0], n);
    }
  }
}

// Whole rows [begin, end), as many at a time as a buffer holds: for rows too short to be worth a call each.
void run_short_rows(const Plan& plan, ElementwiseLoop loop, const void* functor, int64_t begin, int64_t end,
                    Buffers& buffers) {
  const int inner = plan.axes - 1;
  const int64_t length = plan.size[inner], rows_at_once = kBuffer / length;
  Cursor cursor(plan, begin);
  const void* in[kMaxElementwiseInputs];
  for (int k = 1; k < plan.operands; ++k) in[k - 1] = buffers.bytes[k];
  char* out[kBuffer];
  for (int64_t row = begin; row < end;) {
    const int64_t rows = std::min(rows_at_once, end - row);
    for (int64_t r = 0; r < rows; ++r, cursor.next_row(plan)) {
      out[r] = cursor.at[0];
      for (int k = 1; k < plan.operands; ++k) {
        copy_elements(plan.element[k], buffers.bytes[k] + r * length * plan.element[k], plan.element[k], cursor.at[k],
                      plan.stride[k][inner], length);
      }
    }
    loop(rows * length, buffers.bytes[0], in, functor);
    for (int64_t r = 0; r < rows; ++r) {
      copy_elements(plan.element[0], out[r], plan.stride[0][inner], buffers.bytes[0] + r * length * plan.element[0],
                    plan.element[0], length);
    }
    row += rows;
  }
}

}  // namespace

void detail::elementwise_any_layout(ElementwiseLoop loop, const void* functor, const Array& out,
                                    std::span<const Array> ins) {
  GG_CHECK(ins.size() <= kMaxElementwiseInputs, "elementwise: at most ", kMaxElementwiseInputs, " inputs, got ",
           ins.size());
  if (out.numel() == 0) return;
  const Plan plan = make_plan(out, ins);
  const int64_t length = plan.size[plan.axes - 1];
  int64_t rows = 1;
  for (int axis = 0; axis + 1 < plan.axes; ++axis) rows *= plan.size[axis];

  if (plan.axes > 1 && length <= kShortRow) {
    parallel_for(rows, std::max<int64_t>(1, kElementwiseGrain / length), [&](int64_t begin, int64_t end) {
      Buffers buffers;
      run_short_rows(plan, loop, functor, begin, end, buffers);
    });
    return;
  }
  // Long rows are cut into segments; the work items are the segments of all rows.
  const int64_t segment = std::min(length, kElementwiseGrain), segments = (length + segment - 1) / segment;
  parallel_for(rows * segments, std::max<int64_t>(1, kElementwiseGrain / segment), [&](int64_t begin, int64_t end) {
    Buffers buffers;
    Cursor cursor(plan, begin / segments);
    for (int64_t item = begin; item < end; ++item) {
      int64_t first = item % segments * segment;
      run_row(plan, loop, functor, cursor, first, std::min(first + segment, length), buffers);
      if (item % segments == segments - 1) cursor.next_row(plan);
    }
  });
}

}  // namespace gg::cpu
