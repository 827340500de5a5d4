// How a reduction on the CPU walks its operand: axes that stay and axes that go, each list merged and sorted.
#pragma once

#include <utility>

#include "cpu/strided.h"

namespace gg::cpu {

inline constexpr int64_t kReduceGrain = 32 * 1024;  // elements in a chunk

struct ReducePlan {
  Walk<2> kept;     ///< strides of out, of x
  Walk<1> reduced;  ///< strides of x; never without an axis
  bool columns;     ///< the innermost axis of x is kept, with stride 1

  /// `out` has the rank of x, and size 1 along the axes that are reduced.
  ReducePlan(const Array& out, const Array& x) {
    for (int i = 0; i < x.rank(); ++i) {
      if (out.shape[i] == x.shape[i]) {
        kept.push(x.shape[i], {out.strides[i], x.strides[i]});
      } else {
        reduced.push(x.shape[i], {x.strides[i]});
      }
    }
    std::swap(kept.stride[0], kept.stride[1]);  // sort by the strides of x
    coalesce(kept);
    std::swap(kept.stride[0], kept.stride[1]);
    coalesce(reduced);
    if (reduced.rank == 0) reduced.push(1, {1});
    const int last = reduced.rank - 1;
    columns = kept.rank > 0 && kept.stride[1][kept.rank - 1] == 1 &&
              (reduced.stride[0][last] != 1 || reduced.size[last] == 1);
  }
};

}  // namespace gg::cpu
