#include "cpu/distance.h"

#include <algorithm>
#include <array>
#include <type_traits>

#include "core/parallel.h"
#include "cpu/kernels/distance.h"
#include "cpu/strided.h"

namespace gg::cpu {
namespace {

template <class T>
const DistanceOf<T>& kernels() {
  if constexpr (std::is_same_v<T, float>) {
    return distance_kernels().f32;
  } else {
    return distance_kernels().f64;
  }
}

template <class T>
void squared_as(const Array& out, const Array& a, const Array& b) {
  const int rank = out.rank();
  const int64_t n = out.shape[rank - 2], m = out.shape[rank - 1], d = a.shape[rank - 1];
  Walk<3> w;  // not coalesced: none of the axes is
  for (int i = 0; i < rank - 2; ++i) w.push(out.shape[i], {out.strides[i], a.strides[i], b.strides[i]});
  // A task takes some points of a, against which all of b are held.
  constexpr int64_t kPoints = 64, kGrain = 64 * 1024;
  const int64_t points = std::clamp<int64_t>(n / 32 * 2, 2, kPoints);
  const int64_t blocks = (n + points - 1) / points;
  const int64_t work = std::min(points, n) * m * std::max<int64_t>(d, 1);
  parallel_for(w.numel() * blocks, std::max<int64_t>(1, kGrain / work), [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const int64_t first = task % blocks * points;
      for_positions(w, w.rank, task / blocks, task / blocks + 1, [&](const std::array<int64_t, 3>& at) {
        kernels<T>().squared(out.as<T>() + at[0] + first * out.strides[rank - 2], out.strides[rank - 2],
                             a.as<const T>() + at[1] + first * a.strides[rank - 2], a.strides[rank - 2],
                             b.as<const T>() + at[2], b.strides[rank - 2], std::min(points, n - first), m, d);
      });
    }
  });
}

}  // namespace

void squared_distance(Array out, Array a, Array b) {
  const int rank = out.rank();
  GG_CHECK(rank >= 2 && a.rank() == rank && b.rank() == rank && a.dtype == out.dtype && b.dtype == out.dtype,
           "squared_distance: ", out.dtype, " ", out.shape, " of ", a.dtype, " ", a.shape, " and ", b.dtype, " ",
           b.shape);
  if (out.numel() == 0) return;
  visit_floating(out.dtype, "squared_distance", [&]<class T>() { squared_as<T>(out, a, b); });
}

}  // namespace gg::cpu
