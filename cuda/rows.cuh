// Kernels that work row by row (softmax, layer norm): how threads share rows, and how a thread reads its part of one.
//
// A row is taken by so many threads that each has four elements or more: by one thread, by 2 to 32 lanes of a warp, or
// by a whole block. Lanes of one row lie side by side, so a warp reads consecutive elements. Where a row's elements lie
// apart and neighbouring rows side by side (softmax over the channels of an NCHW image), one thread a row does the
// same.
//
// Rows need several passes. Each thread keeps its first kRowChunk elements in registers, so rows of up to 2048 elements
// are read from memory once; of longer rows the rest is read again, mostly from the cache.
#pragma once

#include <array>
#include <cstdlib>

#include "cuda/axes.h"
#include "cuda/reduce.cuh"

namespace gg::GG_CUDA_NS {

inline constexpr int kRowThreads = 256;  // of a block
inline constexpr int kRowBlocks = 3;     // that a multiprocessor should hold at least: bounds the registers
inline constexpr int kRowChunk = 8;

/// Rows of several arrays: their beginnings, and the distance between the elements of a row. A plain value for kernels.
template <int kOperands>
struct RowPlan {
  AxisPlan<kOperands> rows;
  uint32_t cols = 0;
  int32_t step[kOperands] = {};
  int log_threads = 0;  ///< 2^log_threads threads for each row

  unsigned blocks() const {
    const int64_t slots = kRowThreads >> log_threads;
    return grid_for((rows.count + slots - 1) / slots * kRowThreads, kRowThreads);
  }
};

/// Whether the result of one thread's lanes is shared by shuffles or by the whole block is decided by `log_threads`, so
/// one kernel serves all lengths.
struct RowThreads {
  uint32_t size, rank, slot,
      slots;  ///< threads of a row, this one's number, its row's number in the block, rows at once

  __device__ explicit RowThreads(int log_threads)
      : size(1u << log_threads),
        rank(threadIdx.x & (size - 1)),
        slot(threadIdx.x >> log_threads),
        slots(kRowThreads >> log_threads) {}

  /// Combines one value of each thread of the row; all threads of the block must call it, and all get their row's
  /// result.
  template <class T, class Combine>
  __device__ T reduce(T value, T identity, Combine combine) const {
    if (size > 32) return block_reduce<kRowThreads>(value, identity, combine);
    for (int lanes = static_cast<int>(size) / 2; lanes > 0; lanes /= 2) {
      value = combine(value, shuffle_xor(value, lanes));
    }
    return value;
  }
};

/// What one thread sees of a row of kArrays arrays, in chunks: element k of a chunk that begins at column c stands in
/// column c + k * threads.size. Columns behind the end read as `pad`.
template <class T, int kArrays>
class RowReader {
 public:
  __device__ explicit RowReader(const RowThreads& threads) : threads_(threads), cols_(0) {}

  /// The next row of array a; a row without elements (cols = 0) for threads that have no row.
  __device__ void open(int a, const T* row, int32_t step, T pad, uint32_t cols) {
    row_[a] = row;
    step_[a] = step;
    pad_[a] = pad;
    cols_ = cols;
    load(a, kept_[a], threads_.rank);
  }

  /// body(chunk of each array [kArrays][kRowChunk], its first column) for every chunk of this thread.
  template <class Body>
  __device__ void each(Body body) const {
    body(kept_, threads_.rank);
    for (uint32_t c = threads_.rank + kRowChunk * threads_.size; c < cols_; c += kRowChunk * threads_.size) {
      T v[kArrays][kRowChunk];
#pragma unroll
      for (int a = 0; a < kArrays; ++a) load(a, v[a], c);
      body(v, c);
    }
  }

  /// write(k, column) for the elements of a chunk that the row has.
  template <class Write>
  __device__ void put(uint32_t first, Write write) const {
#pragma unroll
    for (int k = 0; k < kRowChunk; ++k) {
      const uint32_t c = first + static_cast<uint32_t>(k) * threads_.size;
      if (c < cols_) write(k, static_cast<int32_t>(c));
    }
  }

 private:
  __device__ void load(int a, T (&v)[kRowChunk], uint32_t first) const {
#pragma unroll
    for (int k = 0; k < kRowChunk; ++k) {
      const uint32_t c = first + static_cast<uint32_t>(k) * threads_.size;
      v[k] = c < cols_ ? row_[a][static_cast<int32_t>(c) * step_[a]] : pad_[a];
    }
  }

  RowThreads threads_;
  uint32_t cols_;
  const T* row_[kArrays];
  int32_t step_[kArrays];
  T pad_[kArrays];
  T kept_[kArrays][kRowChunk];
};

/// The rows along the last axis of arrays[0], dealt out in the order in which they lie there. The other arrays have the
/// same shape, or that without the last axis: one element a row.
template <size_t kOperands>
RowPlan<static_cast<int>(kOperands)> plan_rows(const char* name, const std::array<Array, kOperands>& arrays) {
  static_assert(kOperands <= AxisList::kMaxOperands);
  const Array& first = arrays[0];
  const int last = first.rank() - 1;
  AxisList rows(static_cast<int>(kOperands));
  RowPlan<static_cast<int>(kOperands)> plan;
  for (size_t k = 0; k < kOperands; ++k) {
    check_reach(name, {arrays[k]});
    for (int i = 0; i < last; ++i) rows.stride[k][i] = arrays[k].strides[i];
    if (arrays[k].rank() > last) plan.step[k] = static_cast<int32_t>(arrays[k].strides[last]);
  }
  for (int i = 0; i < last; ++i) rows.size[i] = first.shape[i];
  rows.rank = last;
  rows.sort().merge();
  plan.rows = rows.template fixed<static_cast<int>(kOperands)>();
  plan.cols = static_cast<uint32_t>(first.shape[last]);
  const int64_t along = std::abs(first.strides[last]), across = std::abs(rows.inner_stride(0));
  constexpr uint32_t kWarpLimit = 1024, kManyRows = 2048;
  if (across != 0 && across < along && plan.rows.count >= kManyRows) {
    plan.log_threads = 0;
  } else if (plan.cols > kWarpLimit) {
    plan.log_threads = 8;
    static_assert(1 << 8 == kRowThreads);
  } else {
    while (plan.log_threads < 5 && (4u << plan.log_threads) < plan.cols) ++plan.log_threads;
  }
  return plan;
}

}  // namespace gg::GG_CUDA_NS
