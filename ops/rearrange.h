// Elements in another order, or several times. Negative axes count from the end. Where nothing moves or repeats, the
// results of roll, tile and repeat_interleave may be x itself or share its memory: clone before writing in place.
#pragma once

#include <vector>

#include "core/tensor.h"
#include "ops/axes.h"

namespace gg {

/// The elements in the opposite order along some axes. A copy: layouts have no negative strides.
Tensor flip(const Tensor& x, const Axes& axes);

/// Elements moved `shift` places along an axis (back, if negative); what leaves at one end comes in at the other.
Tensor roll(const Tensor& x, int64_t shift, int axis);
/// The same along several axes.
Tensor roll(const Tensor& x, const std::vector<int64_t>& shifts, const Axes& axes);

/// x repeated repeats[i] times along axis i, one copy behind the other, as NumPy's tile and PyTorch's repeat have it:
/// the shorter of shape and repeats is filled up with ones in front.
Tensor tile(const Tensor& x, const std::vector<int64_t>& repeats);
/// Each element (or slice) along an axis repeated `repeats` times, one beside the other.
Tensor repeat_interleave(const Tensor& x, int64_t repeats, int axis);

}  // namespace gg
