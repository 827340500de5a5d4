#include "core/position_arrays.h"

#include "core/error.h"

namespace gg {

void check_cumsum(const Array& out, const Array& x) {
  const DType expected = x.dtype == boolean ? i64 : x.dtype;
  GG_CHECK(out.shape == x.shape && out.dtype == expected, "cumsum: of ", x.dtype, " ", x.shape, " is ", expected,
           " of that shape, got an output of ", out.dtype, " ", out.shape);
}

void check_argsort(const Array& indices, const Array& x) {
  const int last = x.rank() - 1;
  GG_CHECK(last >= 0 && indices.rank() == x.rank() && indices.dtype == i64, "argsort: positions ", indices.dtype, " ",
           indices.shape, " do not fit ", x.shape);
  for (int i = 0; i <= last; ++i) {
    const bool fits = i == last ? indices.shape[i] <= x.shape[i] : indices.shape[i] == x.shape[i];
    GG_CHECK(fits, "argsort: positions ", indices.shape, " do not fit ", x.shape);
  }
}

void check_nonzero(const Array& out, const Array& counts, const Array& mask) {
  GG_CHECK(mask.dtype == boolean && counts.dtype == i64 && out.dtype == i64, "nonzero: types ", out.dtype, ", ",
           counts.dtype, " and ", mask.dtype);
  GG_CHECK(out.rank() == 2 && out.shape[1] == mask.rank() && counts.numel() == mask.numel() && counts.is_contiguous() &&
               mask.is_contiguous(),
           "nonzero: positions ", out.shape, " and counts ", counts.shape, " of a mask ", mask.shape);
}

}  // namespace gg
