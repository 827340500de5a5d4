#include "cpu/nonzero.h"

#include <algorithm>

#include "core/parallel.h"
#include "core/position_arrays.h"

namespace gg::cpu {

void nonzero(Array out, Array counts, Array mask) {
  const int rank = mask.rank();
  check_nonzero(out, counts, mask);
  if (out.numel() == 0) return;
  const bool* chosen = mask.as<const bool>();
  const int64_t* number = counts.as<const int64_t>();
  parallel_for(mask.numel(), 32 * 1024, [&](int64_t begin, int64_t end) {
    int64_t at[kMaxRank] = {};
    for (int64_t axis = rank - 1, rest = begin; axis >= 0; --axis) {
      at[axis] = rest % mask.shape[static_cast<int>(axis)];
      rest /= mask.shape[static_cast<int>(axis)];
    }
    const int last = rank - 1;
    for (int64_t i = begin; i < end;) {
      const int64_t line = std::min(end, i + mask.shape[last] - at[last]);  // to the end of the innermost axis
      for (; i < line; ++i, ++at[last]) {
        if (!chosen[i]) continue;
        int64_t* row = out.as<int64_t>() + (number[i] - 1) * out.strides[0];
        for (int axis = 0; axis < rank; ++axis) row[axis * out.strides[1]] = at[axis];
      }
      for (int axis = last; axis > 0 && at[axis] == mask.shape[axis]; --axis) {
        at[axis] = 0;
        ++at[axis - 1];
      }
    }
  });
}

}  // namespace gg::cpu
