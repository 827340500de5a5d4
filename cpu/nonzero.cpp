#include "cpu/nonzero.h"

#include "core/parallel.h"

namespace gg::cpu {

void nonzero(Array out, Array counts, Array mask) {
  const int rank = mask.rank();
  GG_CHECK(mask.dtype == boolean && counts.dtype == i64 && out.dtype == i64, "nonzero: types ", out.dtype, ", ",
           counts.dtype, " and ", mask.dtype);
  GG_CHECK(out.rank() == 2 && out.shape[1] == rank && counts.numel() == mask.numel() && counts.is_contiguous() &&
               mask.is_contiguous(),
           "nonzero: positions ", out.shape, " and counts ", counts.shape, " of a mask ", mask.shape);
  if (out.numel() == 0) return;
  const bool* chosen = mask.as<const bool>();
  const int64_t* number = counts.as<const int64_t>();
  parallel_for(mask.numel(), 32 * 1024, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      if (!chosen[i]) continue;
      int64_t* row = out.as<int64_t>() + (number[i] - 1) * out.strides[0];
      int64_t rest = i;
      for (int axis = rank - 1; axis > 0; --axis) {
        row[axis * out.strides[1]] = rest % mask.shape[axis];
        rest /= mask.shape[axis];
      }
      row[0] = rest;
    }
  });
}

}  // namespace gg::cpu
