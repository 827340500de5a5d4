// Elements become keys, which are sorted by radix with their positions (radix_sort.h); the elements themselves stay
// where they are. The first k of many are sorted like all.
#include "cuda/sort.h"

#include <array>

#include "core/position_arrays.h"
#include "core/sort_key.h"
#include "cuda/axes.h"
#include "cuda/platform.h"
#include "cuda/radix_sort.h"
#include "cuda/scratch.h"

namespace gg::GG_CUDA_NS {

inline constexpr int kOrderThreads = 256;

/// keys[i] of element i in row-major order.
// bytes: x + keys, the least
template <class T>
__global__ void __launch_bounds__(kOrderThreads)
    order_keys_kernel(StridedPlan plan, bool descending, SortKey<T>* keys, const T* x) {
  for (uint32_t i = blockIdx.x * kOrderThreads + threadIdx.x; i < plan.count; i += gridDim.x * kOrderThreads) {
    int32_t at[1] = {};
    plan.add_offsets(i, at);
    keys[i] = sort_key(x[at[0]], descending);
  }
}

/// The first k of each row of n positions.
// bytes: 4 read + 8 written a position, the least
__global__ void __launch_bounds__(kOrderThreads)
    order_positions_kernel(StridedPlan plan, Divisor k, uint32_t n, int64_t* indices, const uint32_t* positions) {
  for (uint32_t i = blockIdx.x * kOrderThreads + threadIdx.x; i < plan.count; i += gridDim.x * kOrderThreads) {
    int32_t at[1] = {};
    plan.add_offsets(i, at);
    const uint32_t row = k.quotient(i);
    indices[at[0]] = positions[row * n + (i - row * k.value)];
  }
}

namespace {

template <class T>
void sort_as(const Array& indices, const Array& x, bool descending) {
  using Key = SortKey<T>;
  const StridedPlan from = make_plan("argsort", std::array{x}, PlanOrder::row_major);
  const StridedPlan to = make_plan("argsort", std::array{indices}, PlanOrder::row_major);
  const size_t count = from.count;
  const auto n = static_cast<uint32_t>(x.shape[x.rank() - 1]), k = static_cast<uint32_t>(indices.shape[x.rank() - 1]);
  DeviceScratch block(2 * count * (sizeof(Key) + sizeof(uint32_t)), Device::GG_CUDA_NS);
  auto* keys = block.as<Key>();
  auto* positions = reinterpret_cast<uint32_t*>(keys + 2 * count);
  const RadixBuffers<Key> buffers{{keys, keys + count}, {positions, positions + count}};
  launch("argsort (keys)", order_keys_kernel<T>, grid_for(from.count, kOrderThreads), kOrderThreads, 0, from,
         descending, keys, x.as<const T>());
  const int sorted = sort_rows(buffers, from.count / n, n, 8 * sizeof(Key));
  launch("argsort (positions)", order_positions_kernel, grid_for(to.count, kOrderThreads), kOrderThreads, 0, to,
         Divisor(k), n, indices.as<int64_t>(), buffers.positions[sorted]);
}

}  // namespace

void argsort(Array indices, Array x, bool descending) {
  check_argsort(indices, x);
  check_reach("argsort", {indices, x});
  if (indices.numel() == 0) return;
  switch (x.dtype) {
    case DType::f32:
      return sort_as<float>(indices, x, descending);
    case DType::f64:
      return sort_as<double>(indices, x, descending);
    case DType::i64:
      return sort_as<int64_t>(indices, x, descending);
    default:
      fail("argsort: not defined for ", x.dtype);
  }
}

}  // namespace gg::GG_CUDA_NS
