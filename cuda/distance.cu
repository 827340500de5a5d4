// As a matrix product is done without special units: a block takes a tile of the result, walks along the points'
// coordinates with a slice of both sets in shared memory, and each thread keeps 4 × 4 sums in registers.
#include "cuda/distance.h"

#include "cuda/axes.h"
#include "cuda/platform.h"

namespace gg::GG_CUDA_NS {

inline constexpr int kDistanceThreads = 256;
inline constexpr uint32_t kDistanceSide = 16;                 // threads along each side of a tile
inline constexpr uint32_t kDistanceTile = 4 * kDistanceSide;  // and points
inline constexpr uint32_t kDistanceDepth = 16;                // coordinates in shared memory

struct DistancePlan {
  AxisPlan<3> batch;  ///< of a, b, out
  Divisor tiles, tiles_in_row;
  uint32_t n = 0, m = 0, d = 0;
  int32_t a_stride = 0, b_stride = 0, out_stride = 0;  ///< between points
};

/// tile[k][i] = coordinate first_k + k of point first + i; 0 beyond the ends.
template <class T>
__device__ void load_points(T (&tile)[kDistanceDepth][kDistanceTile + 1], const T* points, int32_t stride,
                            uint32_t first, uint32_t count, uint32_t first_k, uint32_t d) {
  const uint32_t k = threadIdx.x % kDistanceDepth, row = threadIdx.x / kDistanceDepth;
#pragma unroll
  for (uint32_t i = row; i < kDistanceTile; i += kDistanceThreads / kDistanceDepth) {
    const bool there = first + i < count && first_k + k < d;
    tile[k][i] = there ? points[static_cast<int32_t>(first + i) * stride + static_cast<int32_t>(first_k + k)] : T(0);
  }
}

// bytes: a and b once for each 64 points of the other, mostly from the cache, + out
template <class T>
__global__ void __launch_bounds__(kDistanceThreads)
    squared_distance_kernel(DistancePlan plan, T* out, const T* a, const T* b) {
  GG_SHARED(T, from_a, [kDistanceDepth][kDistanceTile + 1]);
  GG_SHARED(T, from_b, [kDistanceDepth][kDistanceTile + 1]);
  const uint32_t item = plan.tiles.quotient(blockIdx.x), tile = blockIdx.x - item * plan.tiles.value;
  const uint32_t tile_row = plan.tiles_in_row.quotient(tile);
  const uint32_t i0 = tile_row * kDistanceTile, j0 = (tile - tile_row * plan.tiles_in_row.value) * kDistanceTile;
  int32_t at[3] = {};
  plan.batch.add_offsets(item, at);
  const uint32_t ti = threadIdx.x / kDistanceSide, tj = threadIdx.x % kDistanceSide;
  T sum[4][4] = {};
  for (uint32_t k0 = 0; k0 < plan.d; k0 += kDistanceDepth) {
    load_points(from_a, a + at[0], plan.a_stride, i0, plan.n, k0, plan.d);
    load_points(from_b, b + at[1], plan.b_stride, j0, plan.m, k0, plan.d);
    __syncthreads();
#pragma unroll
    for (uint32_t k = 0; k < kDistanceDepth; ++k) {
      T x[4], y[4];
#pragma unroll
      for (uint32_t s = 0; s < 4; ++s) {
        x[s] = from_a[k][ti + s * kDistanceSide];
        y[s] = from_b[k][tj + s * kDistanceSide];
      }
#pragma unroll
      for (int i = 0; i < 4; ++i) {
#pragma unroll
        for (int j = 0; j < 4; ++j) {
          const T difference = x[i] - y[j];
          sum[i][j] += difference * difference;
        }
      }
    }
    __syncthreads();
  }
#pragma unroll
  for (uint32_t s = 0; s < 4; ++s) {
#pragma unroll
    for (uint32_t r = 0; r < 4; ++r) {
      const uint32_t i = i0 + ti + s * kDistanceSide, j = j0 + tj + r * kDistanceSide;
      if (i < plan.n && j < plan.m) {
        out[at[2] + static_cast<int32_t>(i) * plan.out_stride + static_cast<int32_t>(j)] = sum[s][r];
      }
    }
  }
}

void squared_distance(Array out, Array a, Array b) {
  const int rank = out.rank();
  GG_CHECK(rank >= 2 && a.rank() == rank && b.rank() == rank && a.dtype == out.dtype && b.dtype == out.dtype,
           "squared_distance: ", out.dtype, " ", out.shape, " of ", a.dtype, " ", a.shape, " and ", b.dtype, " ",
           b.shape);
  check_reach("squared_distance", {out, a, b});
  if (out.numel() == 0) return;
  AxisList batch(3);
  for (int i = 0; i < rank - 2; ++i) batch.push(out.shape[i], {a.strides[i], b.strides[i], out.strides[i]});
  DistancePlan plan;
  plan.batch = batch.merge().fixed<3>();
  plan.n = static_cast<uint32_t>(out.shape[rank - 2]);
  plan.m = static_cast<uint32_t>(out.shape[rank - 1]);
  plan.d = static_cast<uint32_t>(a.shape[rank - 1]);
  plan.a_stride = static_cast<int32_t>(a.strides[rank - 2]);
  plan.b_stride = static_cast<int32_t>(b.strides[rank - 2]);
  plan.out_stride = static_cast<int32_t>(out.strides[rank - 2]);
  const uint32_t down = (plan.n + kDistanceTile - 1) / kDistanceTile;
  const uint32_t across = (plan.m + kDistanceTile - 1) / kDistanceTile;
  plan.tiles = Divisor(down * across);
  plan.tiles_in_row = Divisor(across);
  visit_floating(out.dtype, "squared_distance", [&]<class T>() {
    launch("squared_distance", squared_distance_kernel<T>, plan.batch.count * down * across, kDistanceThreads, 0, plan,
           out.as<T>(), a.as<const T>(), b.as<const T>());
  });
}

}  // namespace gg::GG_CUDA_NS
