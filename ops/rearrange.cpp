#include "ops/rearrange.h"

#include <algorithm>

#include "autograd/apply.h"
#include "core/dispatch.h"
#include "core/reversed.h"
#include "cpu/copy.h"
#include "cuda/copy.h"
#include "ops/shape.h"

namespace gg {
namespace {

// Its own inverse, and its own adjoint.
struct Flip {
  static constexpr const char* name = "flip";
  static constexpr unsigned saves = kSaveNothing;
  static constexpr bool zero_if_any_input_is_zero = true;
  static constexpr bool affine = true;
  Axes axes;  // from the end
  Shape output_shape(const Tensor& x) const { return x.shape(); }
  Tensor forward(const Tensor& x) const {
    Tensor out = empty_like(x);
    Array from = x.array();
    for (int a : axes) from = reversed(from, x.rank() + a);
    GG_KERNEL(x.device(), copy, out.array(), from);
    return out;
  }
  Tensors vjp(const Vjp& c) const { return {apply(*this, c.grad())}; }
  Tensor jvp(const Jvp& c) const { return apply(*this, c.tangent(0)); }
};

}  // namespace

Tensor flip(const Tensor& x, const Axes& axes) {
  Flip op;
  bool seen[kMaxRank] = {};
  for (int a : axes) {
    const int axis = normalize_axis(a, x.rank(), "flip");
    GG_CHECK(!seen[axis], "flip: axis ", axis, " is named twice");
    seen[axis] = true;
    op.axes.push_back(axis - x.rank());
  }
  return apply(op, x);
}

Tensor roll(const Tensor& x, int64_t shift, int axis) {
  axis = normalize_axis(axis, x.rank(), "roll");
  const int64_t n = x.size(axis);
  const int64_t first = n == 0 ? 0 : ((shift % n) + n) % n;  // where element 0 goes
  if (first == 0) return x;
  return concat({slice(x, axis, n - first), slice(x, axis, 0, n - first)}, axis);
}

Tensor roll(const Tensor& x, const std::vector<int64_t>& shifts, const Axes& axes) {
  GG_CHECK(shifts.size() == axes.size(), "roll: ", shifts.size(), " shifts for ", axes.size(), " axes");
  Tensor y = x;
  for (size_t i = 0; i < shifts.size(); ++i) y = roll(y, shifts[i], axes[static_cast<int>(i)]);
  return y;
}

Tensor tile(const Tensor& x, const std::vector<int64_t>& repeats) {
  const int given = static_cast<int>(repeats.size()), rank = std::max(x.rank(), given);
  GG_CHECK(rank <= kMaxRank, "tile: a tensor has at most ", kMaxRank, " axes, got ", given, " repeats");
  Shape shape = x.shape();
  while (shape.rank() < rank) shape = shape.inserted(0, 1);
  Tensor y = reshape(x, shape);
  for (int axis = rank - 1; axis >= 0; --axis) {  // the inner ones first: their copies are the smaller
    const int in_list = axis - (rank - given);
    const int64_t times = in_list < 0 ? 1 : repeats[static_cast<size_t>(in_list)];
    GG_CHECK(times >= 0, "tile: repeats must not be negative, got ", times, " for axis ", axis);
    if (times == 1) continue;
    Shape result = y.shape();
    result[axis] *= times;
    if (y.size(axis) == 1) {  // copied at the end, if nothing else does
      y = expand(y, result);
    } else if (y.rank() < kMaxRank) {
      y = reshape(expand(unsqueeze(y, axis), y.shape().inserted(axis, times)), result);
    } else {
      y = times == 0 ? slice(y, axis, 0, 0) : concat(std::vector<Tensor>(static_cast<size_t>(times), y), axis);
    }
  }
  return contiguous(y);  // elements that share memory are no place to write to
}

Tensor repeat_interleave(const Tensor& x, int64_t repeats, int axis) {
  axis = normalize_axis(axis, x.rank(), "repeat_interleave");
  GG_CHECK(repeats >= 0, "repeat_interleave: repeats must not be negative, got ", repeats);
  GG_CHECK(x.rank() < kMaxRank, "repeat_interleave: takes up to ", kMaxRank - 1, " axes, got ", x.shape());
  Shape result = x.shape();
  result[axis] *= repeats;
  return contiguous(reshape(expand(unsqueeze(x, axis + 1), x.shape().inserted(axis + 1, repeats)), result));
}

}  // namespace gg
