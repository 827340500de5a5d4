// Contiguous rows that their threads hold in registers, moved 16 bytes at a time: the fast form of the kernels that
// work row by row (rows.cuh has the one for any layout and length).
#pragma once

#include "cuda/elementwise.cuh"
#include "cuda/rows.cuh"

namespace gg::GG_CUDA_NS {

template <class T>
inline constexpr int kPackSize = 16 / static_cast<int>(sizeof(T));
template <class T>
using RowPack = Pack<T, kPackSize<T>>;

/// Matrices [rows, cols]; thread `rank` of a row's has the packs rank, rank + threads, ….
template <int kOperands>
struct PackedPlan {
  uint32_t rows = 0, packs = 0;  ///< packs: of a row
  int32_t stride[kOperands] = {};
  int log_threads = 0;  ///< 2^log_threads threads for each row

  explicit operator bool() const { return packs > 0; }
  /// One for each kRowThreads threads of rows: the device deals them out as its multiprocessors become free.
  unsigned blocks() const {
    const uint32_t slots = kRowThreads >> log_threads;
    return (rows + slots - 1) / slots;
  }
};

/// Whether a vector can be read in packs.
inline bool is_packed(const Array& vector) {
  return vector.strides[0] == 1 && reinterpret_cast<uintptr_t>(vector.data) % 16 == 0;
}

/// False unless all operands (of one shape) are contiguous rows, aligned to packs, of at most `most` packs a thread.
template <class T, size_t kOperands>
PackedPlan<static_cast<int>(kOperands)> plan_packed(const char* name, int most,
                                                    const std::array<Array, kOperands>& arrays) {
  constexpr int64_t kSize = kPackSize<T>;
  const Shape& shape = arrays[0].shape;
  const int last = shape.rank() - 1;
  AxisList rows(static_cast<int>(kOperands));
  for (size_t k = 0; k < kOperands; ++k) {
    const Array& a = arrays[k];
    check_reach(name, {a});
    if (a.strides[last] != 1 || reinterpret_cast<uintptr_t>(a.data) % 16 != 0) return {};
    for (int i = 0; i < last; ++i) rows.stride[k][i] = a.strides[i];
  }
  for (int i = 0; i < last; ++i) rows.size[i] = shape[i];
  rows.rank = last;
  rows.sort().merge();
  const int64_t cols = shape[last], packs = cols / kSize;
  if (rows.rank > 1 || cols % kSize != 0 || packs > int64_t{kRowThreads} * most) return {};
  PackedPlan<static_cast<int>(kOperands)> plan;
  plan.rows = static_cast<uint32_t>(rows.count());
  plan.packs = static_cast<uint32_t>(packs);
  for (size_t k = 0; k < kOperands; ++k) {
    const int64_t stride = rows.inner_stride(static_cast<int>(k));
    if (stride % kSize != 0) return {};
    plan.stride[k] = static_cast<int32_t>(stride);
  }
  while (plan.log_threads < 5 && (2 << plan.log_threads) < packs) ++plan.log_threads;
  if (packs > int64_t{32} * most) plan.log_threads = 8;
  return plan;
}

/// body(j, pack): for the packs of this thread, j from 0 to kPacks - 1 so that register arrays can be indexed by it.
/// Whole steps behind the end of the row are left out, which all threads of a row decide alike.
template <int kPacks, class Body>
__device__ void each_pack(const RowThreads& threads, uint32_t packs, Body body) {
#pragma unroll
  for (int j = 0; j < kPacks; ++j) {
    const uint32_t begin = static_cast<uint32_t>(j) * threads.size;
    if (begin < packs) body(j, begin + threads.rank);
  }
}

/// The sum of a pack in T, as a tree.
template <class T>
__device__ T sum_of_pack(const RowPack<T>& v) {
  if constexpr (kPackSize<T> == 4) {
    return (v.element[0] + v.element[1]) + (v.element[2] + v.element[3]);
  } else {
    return v.element[0] + v.element[1];
  }
}

template <class T>
__device__ RowPack<T> splat_pack(T value) {
  RowPack<T> v;
#pragma unroll
  for (int e = 0; e < kPackSize<T>; ++e) v.element[e] = value;
  return v;
}

/// Loads kPacks packs of a row; `pad` where the row has ended or is none (packs = 0).
template <int kPacks, class T>
__device__ void load_row(RowPack<T> (&v)[kPacks], const RowThreads& threads, const T* row, uint32_t packs, T pad) {
  const auto* from = reinterpret_cast<const RowPack<T>*>(row);
#pragma unroll
  for (int j = 0; j < kPacks; ++j) {
    const uint32_t p = static_cast<uint32_t>(j) * threads.size + threads.rank;
    v[j] = p < packs ? from[p] : splat_pack(pad);
  }
}

}  // namespace gg::GG_CUDA_NS
