#include <algorithm>
#include <array>

#include "autograd/apply.h"
#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/image.h"
#include "ops/rearrange.h"
#include "ops/reduce.h"

namespace gg {
namespace {

struct Frame {
  PadMode mode;
  std::array<int64_t, kMaxRank> before{}, after{};  // by axis counted from the end, the last one first

  Shape framed(const Shape& inside) const {
    Shape s = inside;
    for (int i = 0; i < s.rank(); ++i) s[s.rank() - 1 - i] += before[i] + after[i];
    return s;
  }
  Shape inside(const Shape& framed) const {
    Shape s = framed;
    for (int i = 0; i < s.rank(); ++i) s[s.rank() - 1 - i] -= before[i] + after[i];
    return s;
  }
};

Tensor part(const Tensor& x, int axis, int64_t first, int64_t count) {
  return x.with_layout(x.layout().sliced(axis, first, count, 1));
}

// A strip of the frame: where it stands along an axis of the result, and which elements of x it repeats.
struct Strip {
  int64_t at, source, count;
};
std::array<Strip, 2> strips(PadMode mode, int64_t before, int64_t size, int64_t after) {
  switch (mode) {
    case PadMode::reflect:
      return {{{0, 1, before}, {before + size, size - 1 - after, after}}};
    case PadMode::replicate:
      return {{{0, 0, before}, {before + size, size - 1, after}}};
    default:
      return {{{0, size - before, before}, {before + size, 0, after}}};
  }
}

struct PadModeAdjoint {
  static constexpr const char* name = "pad_mode_adjoint";
  static constexpr unsigned saves = kSaveNothing;
  static constexpr bool zero_if_any_input_is_zero = true;
  static constexpr bool affine = true;
  Frame frame;
  Shape output_shape(const Tensor& g) const { return frame.inside(g.shape()); }
  Tensor forward(const Tensor& g) const {
    Tensor x = g;
    for (int i = 0, axis = g.rank() - 1; axis >= 0; ++i, --axis) {  // fold the frame in, one axis after the other
      if (frame.before[i] + frame.after[i] == 0) continue;
      const int64_t size = x.size(axis) - frame.before[i] - frame.after[i];
      Tensor inside = raw::clone(part(x, axis, frame.before[i], size));
      for (const Strip& s : strips(frame.mode, frame.before[i], size, frame.after[i])) {
        if (s.count == 0) continue;
        Tensor strip = part(x, axis, s.at, s.count);
        if (frame.mode == PadMode::reflect) strip = flip(strip, axis);
        if (frame.mode == PadMode::replicate) strip = sum(strip, axis, {.keepdim = true});
        Tensor to = part(inside, axis, s.source, strip.size(axis));
        raw::copy_into(to, add(to, strip));
      }
      x = inside;
    }
    return x;
  }
  Tensors vjp(const Vjp& c) const;
  Tensor jvp(const Jvp& c) const { return apply(*this, c.tangent(0)); }
};

struct PadModeOp {
  static constexpr const char* name = "pad_mode";
  static constexpr unsigned saves = kSaveNothing;
  static constexpr bool zero_if_any_input_is_zero = true;
  static constexpr bool affine = true;
  Frame frame;
  Shape output_shape(const Tensor& x) const { return frame.framed(x.shape()); }
  Tensor forward(const Tensor& x) const {
    Shape shape = output_shape(x);
    Tensor out = empty(shape, x.options()).with_layout(Layout::dense_like(shape, x.layout()));
    // `band` is what is known: x at first, and with each axis as far as the frame goes along it.
    Tensor band = out;
    for (int i = 0, axis = x.rank() - 1; axis >= 0; ++i, --axis) band = part(band, axis, frame.before[i], x.size(axis));
    raw::copy_into(band, x);
    for (int i = 0, axis = x.rank() - 1; axis >= 0; ++i, --axis) {
      Tensor wider = out;
      for (int k = i + 1, other = axis - 1; other >= 0; ++k, --other) {
        wider = part(wider, other, frame.before[k], x.size(other));
      }
      for (const Strip& s : strips(frame.mode, frame.before[i], x.size(axis), frame.after[i])) {
        if (s.count == 0) continue;
        Tensor to = part(wider, axis, s.at, s.count);
        Tensor from = part(wider, axis, frame.before[i] + s.source, frame.mode == PadMode::replicate ? 1 : s.count);
        if (frame.mode == PadMode::reflect) from = flip(from, axis);
        raw::copy_into(to, frame.mode == PadMode::replicate ? expand(from, to.shape()) : from);
      }
    }
    return out;
  }
  Tensors vjp(const Vjp& c) const { return {apply(PadModeAdjoint{frame}, c.grad())}; }
  Tensor jvp(const Jvp& c) const { return apply(*this, c.tangent(0)); }
};

Tensors PadModeAdjoint::vjp(const Vjp& c) const { return {apply(PadModeOp{frame}, c.grad())}; }

void check(const Tensor& x, int axis, int64_t before, int64_t after, PadMode mode) {
  const int64_t size = x.size(axis), widest = std::max(before, after);
  GG_CHECK(mode != PadMode::reflect || widest < size, "pad: a reflection of ", size, " elements along axis ", axis,
           " of ", x.shape(), " is less than ", size, " wide, got ", widest);
  GG_CHECK(mode != PadMode::replicate || size > 0, "pad: axis ", axis, " of ", x.shape(), " has no edge to repeat");
  GG_CHECK(mode != PadMode::circular || widest <= size, "pad: ", size, " elements along axis ", axis, " of ", x.shape(),
           " do not go round ", widest, " more");
}

}  // namespace

Tensor pad(const Tensor& x, const std::vector<Padding>& padding, PadMode mode) {
  Frame frame{mode};
  int64_t all = 0;
  for (const Padding& p : padding) {
    GG_CHECK(p.before >= 0 && p.after >= 0, "pad: widths must not be negative, got ", p.before, " and ", p.after);
    const int from_end = x.rank() - 1 - normalize_axis(p.axis, x.rank(), "pad");
    frame.before[from_end] += p.before;
    frame.after[from_end] += p.after;
    all += p.before + p.after;
  }
  if (all == 0) return x;
  for (int i = 0, axis = x.rank() - 1; axis >= 0; ++i, --axis) {
    if (frame.before[i] + frame.after[i] > 0) check(x, axis, frame.before[i], frame.after[i], mode);
  }
  return apply(PadModeOp{frame}, x);
}

}  // namespace gg
