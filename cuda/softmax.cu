// One warp per row where rows are short, one block per row where they are long. The forward pass reads a row twice:
// once for maximum and sum together ("online": Milakov and Gimelshein 2018), once to write.
#include "cuda/softmax.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "cuda/reduce.cuh"

namespace gg::GG_CUDA_NS {

/// The running maximum of some elements and the sum of exp(element - max).
template <class T>
struct MaxAndSum {
  T max;
  T sum;
};

/// exp(value - max) for a sum relative to a larger max. Equal infinities must not become NaN here.
template <class T>
__device__ T rescale(T value, T max) {
  return value == max ? T(1) : exp(value - max);
}

struct CombineMaxAndSum {
  template <class T>
  __device__ MaxAndSum<T> operator()(MaxAndSum<T> a, MaxAndSum<T> b) const {
    // Ordered by size, so that both partners of an exchange compute the same bits whatever is contracted to an fma.
    const MaxAndSum<T> high = a.max > b.max ? a : b, low = a.max > b.max ? b : a;
    return {high.max, high.sum + low.sum * rescale(low.max, high.max)};
  }
};

struct Add {
  template <class T>
  __device__ T operator()(T a, T b) const {
    return a + b;
  }
};

template <class T>
__device__ MaxAndSum<T> shuffle_xor(MaxAndSum<T> value, int lanes) {
  return {__shfl_xor_sync(kFullMask, value.max, lanes), __shfl_xor_sync(kFullMask, value.sum, lanes)};
}

/// Every kThreads-th element from `first` on. NaN never wins the comparison but always spoils the sum.
template <int kThreads, class T>
__device__ MaxAndSum<T> scan_row(const T* row, int cols, int first) {
  MaxAndSum<T> seen{-static_cast<T>(INFINITY), T(0)};
  for (int c = first; c < cols; c += kThreads) {
    const T x = row[c];
    if (x == -static_cast<T>(INFINITY)) continue;  // adds nothing, and -inf - -inf would
    if (x > seen.max) {
      seen.sum *= rescale(seen.max, x);
      seen.max = x;
    }
    seen.sum += exp(x - seen.max);
    if (cols - c <= kThreads) break;  // c + kThreads may not be an int
  }
  return seen;
}

/// kThreads threads work on one row; a block holds kRows such groups. Only kThreads = 32 allows more than one.
template <class T, int kThreads, int kRows>
__global__ void __launch_bounds__(kThreads* kRows) softmax_forward_kernel(const T* x, T* y, int64_t rows, int cols) {
  static_assert(kThreads == 32 || kRows == 1);
  const int group = static_cast<int>(threadIdx.x) / kThreads, first = static_cast<int>(threadIdx.x) % kThreads;
  for (int64_t r = static_cast<int64_t>(blockIdx.x) * kRows + group; r < rows;
       r += static_cast<int64_t>(gridDim.x) * kRows) {
    const T* row = x + r * cols;
    T* out = y + r * cols;
    const MaxAndSum<T> identity{-static_cast<T>(INFINITY), T(0)};
    const MaxAndSum<T> total =
        block_reduce<kThreads>(scan_row<kThreads>(row, cols, first), identity, CombineMaxAndSum{});
    for (int64_t c = first; c < cols; c += kThreads) out[c] = exp(row[c] - total.max) / total.sum;
  }
}

template <class T, int kThreads, int kRows>
__global__ void __launch_bounds__(kThreads* kRows)
    softmax_backward_kernel(const T* dy, const T* y, T* dx, int64_t rows, int cols) {
  static_assert(kThreads == 32 || kRows == 1);
  const int group = static_cast<int>(threadIdx.x) / kThreads, first = static_cast<int>(threadIdx.x) % kThreads;
  for (int64_t r = static_cast<int64_t>(blockIdx.x) * kRows + group; r < rows;
       r += static_cast<int64_t>(gridDim.x) * kRows) {
    const int64_t start = r * cols;
    T dot = 0;
    for (int64_t c = first; c < cols; c += kThreads) dot += dy[start + c] * y[start + c];
    dot = block_reduce<kThreads>(dot, T(0), Add{});
    for (int64_t c = first; c < cols; c += kThreads) dx[start + c] = y[start + c] * (dy[start + c] - dot);
  }
}

namespace {

constexpr int kWarpRowLimit = 1024;  // up to here a warp takes a row of its own
constexpr int kRowsPerBlock = 4;
constexpr int kBlockThreads = 256;
constexpr int64_t kMaxBlocks = 1 << 16;  // the kernels stride over the rest

void check_sizes(const char* name, int64_t rows, int64_t cols) {
  GG_CHECK(rows >= 0 && cols >= 0, name, ": sizes must not be negative, got ", rows, " rows of ", cols);
  GG_CHECK(cols <= INT32_MAX, name, ": a row has at most 2^31-1 elements, got ", cols);
}

unsigned blocks_for(int64_t rows, int64_t rows_per_block) {
  return static_cast<unsigned>(std::min((rows + rows_per_block - 1) / rows_per_block, kMaxBlocks));
}

}  // namespace

template <class T>
void softmax_forward(const T* x, T* y, int64_t rows, int64_t cols, DeviceStream stream) {
  check_sizes("softmax_forward", rows, cols);
  if (cols == 0) return;
  const int n = static_cast<int>(cols);
  if (cols <= kWarpRowLimit) {
    launch("softmax_forward (warp)", softmax_forward_kernel<T, 32, kRowsPerBlock>, blocks_for(rows, kRowsPerBlock),
           32 * kRowsPerBlock, 0, native(stream), x, y, rows, n);
  } else {
    launch("softmax_forward (block)", softmax_forward_kernel<T, kBlockThreads, 1>, blocks_for(rows, 1), kBlockThreads,
           0, native(stream), x, y, rows, n);
  }
}

template <class T>
void softmax_backward(const T* dy, const T* y, T* dx, int64_t rows, int64_t cols, DeviceStream stream) {
  check_sizes("softmax_backward", rows, cols);
  if (cols == 0) return;
  const int n = static_cast<int>(cols);
  if (cols <= kWarpRowLimit) {
    launch("softmax_backward (warp)", softmax_backward_kernel<T, 32, kRowsPerBlock>, blocks_for(rows, kRowsPerBlock),
           32 * kRowsPerBlock, 0, native(stream), dy, y, dx, rows, n);
  } else {
    launch("softmax_backward (block)", softmax_backward_kernel<T, kBlockThreads, 1>, blocks_for(rows, 1), kBlockThreads,
           0, native(stream), dy, y, dx, rows, n);
  }
}

template void softmax_forward(const float*, float*, int64_t, int64_t, DeviceStream);
template void softmax_forward(const double*, double*, int64_t, int64_t, DeviceStream);
template void softmax_backward(const float*, const float*, float*, int64_t, int64_t, DeviceStream);
template void softmax_backward(const double*, const double*, double*, int64_t, int64_t, DeviceStream);

}  // namespace gg::GG_CUDA_NS
