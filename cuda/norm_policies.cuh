// What normalisations sum over an axis that is not the innermost one: policies for reduce_axes.cuh.
#pragma once

#include "cuda/reduce_axes.cuh"

namespace gg::GG_CUDA_NS {

/// Mean and biased variance of one operand, which is read once. A thread sums distances to the mean of its first
/// elements, so that squares are of the size of the variance; threads are combined by the rule of Chan, Golub and
/// LeVeque (1979). The plain sum beside it gives the mean, as on the CPU also where it is infinite.
template <class T>
struct MomentsOf {
  using In = T;
  static constexpr int kOperands = 1;
  struct Local {
    T origin = 0;
    uint32_t count = 0;
    double sum = 0, from_origin = 0, squares = 0;
  };
  struct Acc {
    double count, sum, mean, squares;  // squares: of the distances to `mean`
  };

  __device__ void take(Local& local, const T (&v)[1][kReduceChunk], uint32_t first, uint32_t apart,
                       uint32_t end) const {
    const auto& x = v[0];
    const T sum = sum_of(x);
    const uint32_t left = (end - first + apart - 1) / apart, count = left < kReduceChunk ? left : kReduceChunk;
    if (local.count == 0) local.origin = sum / static_cast<T>(count);
    T d[kReduceChunk], q[kReduceChunk];
#pragma unroll
    for (int k = 0; k < kReduceChunk; ++k) {
      d[k] = k < static_cast<int>(count) ? x[k] - local.origin : T(0);
      q[k] = d[k] * d[k];
    }
    local.count += count;
    local.sum += static_cast<double>(sum);
    local.from_origin += static_cast<double>(sum_of(d));
    local.squares += static_cast<double>(sum_of(q));
  }
  __device__ Acc identity() const { return {0, 0, 0, 0}; }
  __device__ Acc finish(const Local& local) const {
    if (local.count == 0) return identity();
    const auto n = static_cast<double>(local.count);
    const double distance = local.from_origin / n, squares = local.squares - local.from_origin * distance;
    return {n, local.sum, static_cast<double>(local.origin) + distance, squares < 0 ? 0 : squares};
  }
  __device__ Acc combine(const Acc& a, const Acc& b) const {
    if (a.count == 0) return b;
    if (b.count == 0) return a;
    const double n = a.count + b.count, share = b.count / n, distance = b.mean - a.mean;
    return {n, a.sum + b.sum, a.mean + distance * share, a.squares + b.squares + distance * distance * a.count * share};
  }
  __device__ void put(const Acc& acc, const T* const*, const int32_t (&at)[3], void* mean, void* var) const {
    const double n = acc.count > 0 ? acc.count : 1;
    static_cast<T*>(mean)[at[1]] = static_cast<T>(acc.sum / n);
    static_cast<T*>(var)[at[2]] = static_cast<T>(acc.squares / n);
  }
};

/// The gradients of weight and bias, Σ g·u and Σ g, with u = (x - mean) · rstd. Operands g, x, mean, and a fourth:
/// kBatch: the variance, one number for each output; else rstd, which differs from element to element.
template <class T, bool kBatch>
struct NormGradients {
  using In = T;
  static constexpr int kOperands = 4;
  struct Acc {
    double product, sum;
  };
  struct Local {
    double product = 0, sum = 0;
  };
  T eps;

  __device__ void take(Local& local, const T (&v)[4][kReduceChunk], uint32_t, uint32_t, uint32_t) const {
    const auto& g = v[0];
    T p[kReduceChunk];
#pragma unroll
    for (int k = 0; k < kReduceChunk; ++k) {
      T u = v[1][k] - v[2][k];
      if constexpr (!kBatch) u *= v[3][k];
      p[k] = g[k] * u;  // 0 beyond the end, where all operands are 0
    }
    local.product += static_cast<double>(sum_of(p));
    local.sum += static_cast<double>(sum_of(g));
  }
  __device__ Acc identity() const { return {0, 0}; }
  __device__ Acc finish(const Local& local) const { return {local.product, local.sum}; }
  __device__ Acc combine(const Acc& a, const Acc& b) const { return {a.product + b.product, a.sum + b.sum}; }
  __device__ void put(const Acc& acc, const T* const* in, const int32_t (&at)[6], void* dw, void* db) const {
    double product = acc.product;
    if constexpr (kBatch) product /= sqrt(static_cast<double>(in[3][at[3]]) + static_cast<double>(eps));
    static_cast<T*>(dw)[at[4]] = static_cast<T>(product);
    static_cast<T*>(db)[at[5]] = static_cast<T>(acc.sum);
  }
};

}  // namespace gg::GG_CUDA_NS
