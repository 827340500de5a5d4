// Maximum and sum of exponentials of a row in one pass ("online": Milakov and Gimelshein 2018), for softmax and
// cross-entropy.
#pragma once

#include <cmath>

#include "cuda/rows.cuh"

namespace gg::GG_CUDA_NS {

/// exp(x - max), where -inf gives 0 and equal infinities 1: then an infinite max does not make NaN of the sum, and the
/// sum is NaN if and only if an element is.
template <class T>
__device__ T weight(T x, T max) {
  if (x == -static_cast<T>(INFINITY)) return T(0);
  return x == max ? T(1) : exp(x - max);
}

/// The maximum of some elements (NaN does not count; -inf of none) and the sum of their weights relative to it.
/// Elements are added in T eight at a time, and those sums in double.
template <class T>
struct MaxAndSum {
  T max;
  double sum;

  static __device__ MaxAndSum none() { return {-static_cast<T>(INFINITY), 0}; }

  __device__ void take(const T (&v)[kRowChunk]) {
    T high = max;
#pragma unroll
    for (int k = 0; k < kRowChunk; ++k) high = v[k] > high ? v[k] : high;
    if (high > max) {
      sum *= static_cast<double>(weight(max, high));
      max = high;
    }
    T e[kRowChunk];
#pragma unroll
    for (int k = 0; k < kRowChunk; ++k) e[k] = weight(v[k], max);
    sum += static_cast<double>(sum_of(e));
  }

  __device__ bool is_infinite() const { return max == static_cast<T>(INFINITY) || max == -static_cast<T>(INFINITY); }
  /// log(sum), for finite maxima: the maximum itself adds exactly 1, and log1p keeps what little the others add.
  __device__ T log_sum() const { return log1p(static_cast<T>(sum - 1)); }
};

struct CombineMaxAndSum {
  template <class T>
  __device__ MaxAndSum<T> operator()(const MaxAndSum<T>& a, const MaxAndSum<T>& b) const {
    // Ordered by size, so that both partners of an exchange compute the same bits whatever is contracted to an fma.
    const bool first = a.max > b.max;
    const T high = first ? a.max : b.max, low = first ? b.max : a.max;
    return {high, (first ? a.sum : b.sum) + (first ? b.sum : a.sum) * static_cast<double>(weight(low, high))};
  }
};

}  // namespace gg::GG_CUDA_NS
