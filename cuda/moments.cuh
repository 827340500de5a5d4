// Mean and variance of one operand, which is read once: policies for reduce_axes.cuh.
#pragma once

#include "cuda/reduce_axes.cuh"

namespace gg::GG_CUDA_NS {

/// A thread sums distances to the mean of its first elements, so that squares are of the size of the variance; threads
/// are combined by the rule of Chan, Golub and LeVeque (1979).
template <class T>
struct DeviationsOf {
  using In = T;
  static constexpr int kOperands = 1;
  struct Local {
    T origin = 0;
    uint32_t count = 0;
    double from_origin = 0, squares = 0;
  };
  struct Acc {
    double count, mean, squares;  // squares: of the distances to `mean`
  };

  /// Returns the sum of v.
  __device__ T take_deviations(Local& local, const T (&v)[1][kReduceChunk], uint32_t first, uint32_t apart,
                               uint32_t end) const {
    const auto& x = v[0];
    const T sum = sum_of(x);
    uint32_t count = kReduceChunk;
    if (end - first <= (kReduceChunk - 1) * apart) count = (end - first + apart - 1) / apart;
    if (local.count == 0) local.origin = sum / static_cast<T>(count);
    T d[kReduceChunk], q[kReduceChunk];
#pragma unroll
    for (int k = 0; k < kReduceChunk; ++k) {
      d[k] = k < static_cast<int>(count) ? x[k] - local.origin : T(0);
      q[k] = d[k] * d[k];
    }
    local.count += count;
    local.from_origin += static_cast<double>(sum_of(d));
    local.squares += static_cast<double>(sum_of(q));
    return sum;
  }
  __device__ void take(Local& local, const T (&v)[1][kReduceChunk], uint32_t first, uint32_t apart,
                       uint32_t end) const {
    take_deviations(local, v, first, apart, end);
  }
  __device__ Acc identity() const { return {0, 0, 0}; }
  __device__ Acc finish(const Local& local) const {
    if (local.count == 0) return identity();
    const auto n = static_cast<double>(local.count);
    const double distance = local.from_origin / n, squares = local.squares - local.from_origin * distance;
    return {n, static_cast<double>(local.origin) + distance, squares < 0 ? 0 : squares};
  }
  __device__ Acc combine(const Acc& a, const Acc& b) const {
    const double n = a.count + b.count, distance = b.mean - a.mean;
    // Mostly the halves are equal, which saves a division.
    const double share = a.count == b.count ? 0.5 : b.count / n;
    if (a.count == 0) return b;
    if (b.count == 0) return a;
    return {n, a.mean + distance * share, a.squares + b.squares + distance * distance * a.count * share};
  }
};

/// The sum of squared distances, divided by `divisor`.
template <class T>
struct VarianceOf : DeviationsOf<T> {
  double divisor;

  explicit VarianceOf(double by) : divisor(by) {}
  __device__ void put(const typename DeviationsOf<T>::Acc& acc, const T* const*, const int32_t (&at)[3], void* out,
                      void*) const {
    static_cast<T*>(out)[at[1]] = static_cast<T>(acc.squares / divisor);
  }
};

/// Mean and biased variance. The plain sum beside the deviations gives the mean, as on the CPU also where it is
/// infinite.
template <class T>
struct MomentsOf {
  using In = T;
  static constexpr int kOperands = 1;
  struct Local {
    typename DeviationsOf<T>::Local deviations;
    double sum = 0;
  };
  struct Acc {
    typename DeviationsOf<T>::Acc deviations;
    double sum;
  };
  DeviationsOf<T> base;

  __device__ void take(Local& local, const T (&v)[1][kReduceChunk], uint32_t first, uint32_t apart,
                       uint32_t end) const {
    local.sum += static_cast<double>(base.take_deviations(local.deviations, v, first, apart, end));
  }
  __device__ Acc identity() const { return {base.identity(), 0}; }
  __device__ Acc finish(const Local& local) const { return {base.finish(local.deviations), local.sum}; }
  __device__ Acc combine(const Acc& a, const Acc& b) const {
    return {base.combine(a.deviations, b.deviations), a.sum + b.sum};
  }
  __device__ void put(const Acc& acc, const T* const*, const int32_t (&at)[3], void* mean, void* var) const {
    const double n = acc.deviations.count > 0 ? acc.deviations.count : 1;
    static_cast<T*>(mean)[at[1]] = static_cast<T>(acc.sum / n);
    static_cast<T*>(var)[at[2]] = static_cast<T>(acc.deviations.squares / n);
  }
};

}  // namespace gg::GG_CUDA_NS
