// What normalisations sum over an axis that is not the innermost one: policies for reduce_axes.cuh.
#pragma once

#include "cuda/moments.cuh"

namespace gg::GG_CUDA_NS {

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
    if (dw) static_cast<T*>(dw)[at[4]] = static_cast<T>(product);
    if (db) static_cast<T*>(db)[at[5]] = static_cast<T>(acc.sum);
  }
};

/// Σ g·(x - mean) and Σ g. Operands g, x, mean.
template <class T>
struct ProductAndSum {
  using In = T;
  static constexpr int kOperands = 3;
  struct Acc {
    double product, sum;
  };
  struct Local {
    double product = 0, sum = 0;
  };

  __device__ void take(Local& local, const T (&v)[3][kReduceChunk], uint32_t, uint32_t, uint32_t) const {
    T p[kReduceChunk];
#pragma unroll
    for (int k = 0; k < kReduceChunk; ++k) p[k] = v[0][k] * (v[1][k] - v[2][k]);
    local.product += static_cast<double>(sum_of(p));
    local.sum += static_cast<double>(sum_of(v[0]));
  }
  __device__ Acc identity() const { return {0, 0}; }
  __device__ Acc finish(const Local& local) const { return {local.product, local.sum}; }
  __device__ Acc combine(const Acc& a, const Acc& b) const { return {a.product + b.product, a.sum + b.sum}; }
  __device__ void put(const Acc& acc, const T* const*, const int32_t (&at)[5], void* dw, void* db) const {
    static_cast<T*>(dw)[at[3]] = static_cast<T>(acc.product);
    static_cast<T*>(db)[at[4]] = static_cast<T>(acc.sum);
  }
};

}  // namespace gg::GG_CUDA_NS
