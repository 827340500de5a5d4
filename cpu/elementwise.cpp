#include "cpu/elementwise.h"

#include <algorithm>
#include <cstring>

#include "core/parallel.h"

namespace gg::cpu {
namespace {

constexpr int kMaxOperands = kMaxElementwiseInputs + 1;
constexpr int64_t kBuffer = 512;         // elements gathered at a time
constexpr int64_t kShortRow = 64;        // rows up to this length are gathered many at a time,
constexpr int64_t kShortDirectRow = 16;  // or up to this one where they need no gathering by themselves
constexpr int64_t kMaxElement = 8;       // bytes of the largest element type

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

// Copies `rows` rows of `length` elements between two strided places.
struct Place {
  char* data;
  int64_t row_stride, stride;
};
template <class Word>
void copy_words(Place to, Place from, int64_t rows, int64_t length) {
  constexpr int64_t size = sizeof(Word);
  for (int64_t r = 0; r < rows; ++r) {
    char* t = to.data + r * to.row_stride;
    const char* f = from.data + r * from.row_stride;
    if (to.stride == size && from.stride == size && length > 16) {
      std::memcpy(t, f, static_cast<size_t>(length * size));
    } else if (to.stride == size && from.stride == 0) {
      const Word value = *reinterpret_cast<const Word*>(f);
      for (int64_t i = 0; i < length; ++i) reinterpret_cast<Word*>(t)[i] = value;
    } else {
      for (int64_t i = 0; i < length; ++i) {
        *reinterpret_cast<Word*>(t + i * to.stride) = *reinterpret_cast<const Word*>(f + i * from.stride);
      }
    }
  }
}
void copy_elements(int64_t element, Place to, Place from, int64_t rows, int64_t length) {
  switch (element) {
    case 8:
      return copy_words<uint64_t>(to, from, rows, length);
    case 4:
      return copy_words<uint32_t>(to, from, rows, length);
    default:
      return copy_words<uint8_t>(to, from, rows, length);
  }
}

// Where each operand stands at one position of the outer axes, all but the last `inner` ones.
struct Cursor {
  int outer;
  int64_t index[kMaxRank] = {};
  char* at[kMaxOperands];

  Cursor(const Plan& plan, int inner, int64_t position) : outer(plan.axes - inner) {
    std::copy(plan.data, plan.data + plan.operands, at);
    for (int axis = outer - 1; axis >= 0; --axis) {
      index[axis] = position % plan.size[axis];
      position /= plan.size[axis];
      for (int k = 0; k < plan.operands; ++k) at[k] += index[axis] * plan.stride[k][axis];
    }
  }
  void advance(const Plan& plan) {
    for (int axis = outer - 1; axis >= 0; --axis) {
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
  const char* repeated[kMaxOperands] = {};  // what fills a buffer already, where all its rows or elements are the same
};

// Elements [begin, end) of one row, which is the last axis.
void run_row(const Plan& plan, ElementwiseLoop loop, const void* functor, const Cursor& cursor, int64_t begin,
             int64_t end, bool direct, Buffers& buffers) {
  const int inner = plan.axes - 1;
  const int64_t step = direct ? end - begin : kBuffer;
  for (int64_t first = begin; first < end; first += step) {
    const int64_t n = std::min(step, end - first);
    const void* in[kMaxElementwiseInputs];
    for (int k = 1; k < plan.operands; ++k) {
      const int64_t stride = plan.stride[k][inner];
      char* from = cursor.at[k] + first * stride;
      if (plan.contiguous(k)) {
        in[k - 1] = from;
        continue;
      }
      in[k - 1] = buffers.bytes[k];
      if (stride == 0 && buffers.repeated[k] == from) continue;
      const int64_t count = stride == 0 ? std::min(kBuffer, plan.size[inner]) : n;
      copy_elements(plan.element[k], {buffers.bytes[k], 0, plan.element[k]}, {from, 0, stride}, 1, count);
      if (stride == 0) buffers.repeated[k] = from;
    }
    char* out = cursor.at[0] + first * plan.stride[0][inner];
    if (plan.contiguous(0)) {
      loop(n, out, in, functor);
    } else {
      loop(n, buffers.bytes[0], in, functor);
      copy_elements(plan.element[0], {out, 0, plan.stride[0][inner]}, {buffers.bytes[0], 0, plan.element[0]}, 1, n);
    }
  }
}

// Rows [begin, end) of the last two axes, at most as many as a buffer holds: for rows too short to be worth a call
// each.
void run_short_rows(const Plan& plan, ElementwiseLoop loop, const void* functor, const Cursor& cursor, int64_t begin,
                    int64_t end, Buffers& buffers) {
  const int inner = plan.axes - 1, outer = plan.axes - 2;
  const int64_t length = plan.size[inner], rows = end - begin;
  auto buffer = [&](int k) { return Place{buffers.bytes[k], length * plan.element[k], plan.element[k]}; };
  auto place = [&](int k) {
    return Place{cursor.at[k] + begin * plan.stride[k][outer], plan.stride[k][outer], plan.stride[k][inner]};
  };
  auto packed = [&](int k) { return plan.contiguous(k) && plan.stride[k][outer] == length * plan.element[k]; };
  const void* in[kMaxElementwiseInputs];
  for (int k = 1; k < plan.operands; ++k) {
    if (packed(k)) {
      in[k - 1] = place(k).data;
      continue;
    }
    in[k - 1] = buffers.bytes[k];
    const bool same_rows = plan.stride[k][outer] == 0;
    if (same_rows && buffers.repeated[k] == cursor.at[k]) continue;
    const int64_t count = same_rows ? std::min(kBuffer / length, plan.size[outer]) : rows;
    copy_elements(plan.element[k], buffer(k), place(k), count, length);
    if (same_rows) buffers.repeated[k] = cursor.at[k];
  }
  if (packed(0)) {
    loop(rows * length, place(0).data, in, functor);
  } else {
    loop(rows * length, buffers.bytes[0], in, functor);
    copy_elements(plan.element[0], place(0), buffer(0), rows, length);
  }
}

// Cuts `length` into segments at each position of the outer axes, and calls fn(cursor, begin, end, buffers) for every
// segment, in parallel where there is much to do.
template <class Fn>
void for_segments(const Plan& plan, int inner, int64_t length, int64_t segment, int64_t elements, const Fn& fn) {
  int64_t positions = 1;
  for (int axis = 0; axis < plan.axes - inner; ++axis) positions *= plan.size[axis];
  const int64_t segments = (length + segment - 1) / segment;
  parallel_for(positions * segments, std::max<int64_t>(1, kElementwiseGrain / elements),
               [&](int64_t begin, int64_t end) {
                 Buffers buffers;
                 Cursor cursor(plan, inner, begin / segments);
                 int64_t s = begin % segments;
                 for (int64_t item = begin; item < end; ++item) {
                   fn(cursor, s * segment, std::min(s * segment + segment, length), buffers);
                   if (++s == segments) {
                     s = 0;
                     cursor.advance(plan);
                   }
                 }
               });
}

}  // namespace

void detail::elementwise_any_layout(ElementwiseLoop loop, const void* functor, const Array& out,
                                    std::span<const Array> ins) {
  GG_CHECK(ins.size() <= kMaxElementwiseInputs, "elementwise: at most ", kMaxElementwiseInputs, " inputs, got ",
           ins.size());
  if (out.numel() == 0) return;
  const Plan plan = make_plan(out, ins);
  const int64_t length = plan.size[plan.axes - 1];
  bool direct = true;
  for (int k = 0; k < plan.operands; ++k) direct &= plan.contiguous(k);

  if (plan.axes > 1 && length <= (direct ? kShortDirectRow : kShortRow)) {
    const int64_t rows = kBuffer / length;
    for_segments(plan, 2, plan.size[plan.axes - 2], rows, rows * length,
                 [&](const Cursor& cursor, int64_t begin, int64_t end, Buffers& buffers) {
                   run_short_rows(plan, loop, functor, cursor, begin, end, buffers);
                 });
  } else {
    const int64_t segment = std::min(length, kElementwiseGrain);
    for_segments(plan, 1, length, segment, segment,
                 [&](const Cursor& cursor, int64_t begin, int64_t end, Buffers& buffers) {
                   run_row(plan, loop, functor, cursor, begin, end, direct, buffers);
                 });
  }
}

}  // namespace gg::cpu
