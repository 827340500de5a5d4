// What a kernel may say: qualifiers, indices, barriers, warp operations, atomics and mathematics of CUDA, as ordinary
// C++.
//
// Everything CUDA names lives in gg::emulator::vocabulary, which cuda/platform.h opens for the kernels' namespace, so
// it cannot meet the real toolkit's symbols in one binary. What blocks a thread goes through the few functions of
// gg::emulator declared here and defined in scheduler.cpp. Deliberately absent: __activemask (what it returns on a GPU
// is not promised), inline PTX, cooperative grids.
#pragma once

#include <math.h>  // its overloads of exp, fabs … are global, as in CUDA

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "cuda/emulator/site.h"
#include "cuda/emulator/vector_types.h"

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)
#define __align__(n) alignas(n)
// __noinline__ must stay undefined: the standard library writes __attribute__((__noinline__)).

namespace gg::emulator {

/// Waits until every thread of the block has come here; returns how many of them brought a true predicate.
int block_barrier(bool predicate, int* participants, Site site);

enum class WarpOperation : unsigned char { sync, ballot, shuffle, shuffle_up, shuffle_down, shuffle_xor };

/// Waits until every lane of the warp named in `mask` has come here with the same operation; returns this lane's
/// result.
uint64_t warp_operation(WarpOperation operation, unsigned mask, uint64_t value, int argument, int width, Site site);

}  // namespace gg::emulator

namespace gg::emulator::vocabulary {

// Indices. One kernel runs at a time on one OS thread, which sets these at every switch.
extern constinit thread_local uint3 threadIdx;
extern constinit thread_local uint3 blockIdx;
extern constinit thread_local dim3 blockDim;
extern constinit thread_local dim3 gridDim;
inline constexpr int warpSize = 32;

// ---- Barriers and fences ----

inline void __syncthreads(Here here = Here::current()) { block_barrier(false, nullptr, here); }
inline int __syncthreads_count(int predicate, Here here = Here::current()) {
  return block_barrier(predicate != 0, nullptr, here);
}
inline int __syncthreads_or(int predicate, Here here = Here::current()) {
  return block_barrier(predicate != 0, nullptr, here) > 0;
}
inline int __syncthreads_and(int predicate, Here here = Here::current()) {
  int participants = 0;
  return block_barrier(predicate != 0, &participants, here) == participants;
}
inline void __syncwarp(unsigned mask = 0xffffffffu, Here here = Here::current()) {
  warp_operation(WarpOperation::sync, mask, 0, 0, warpSize, here);
}
// Threads do not pre-empt one another here, so memory is always in order; atomics below order it for ThreadSanitizer.
inline void __threadfence() {}
inline void __threadfence_block() {}
inline void __threadfence_system() {}

// ---- Warp operations ----

inline unsigned __ballot_sync(unsigned mask, int predicate, Here here = Here::current()) {
  return static_cast<unsigned>(warp_operation(WarpOperation::ballot, mask, predicate != 0, 0, warpSize, here));
}
inline int __any_sync(unsigned mask, int predicate, Here here = Here::current()) {
  return __ballot_sync(mask, predicate, here) != 0;
}
inline int __all_sync(unsigned mask, int predicate, Here here = Here::current()) {
  return __ballot_sync(mask, predicate == 0, here) == 0;
}

namespace detail {
template <class T>
T shuffle(WarpOperation operation, unsigned mask, T value, int argument, int width, Site site) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8, "CUDA shuffles values of 4 or 8 bytes");
  uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof(T));
  bits = warp_operation(operation, mask, bits, argument, width, site);
  std::memcpy(&value, &bits, sizeof(T));
  return value;
}
}  // namespace detail

template <class T>
T __shfl_sync(unsigned mask, T value, int source, int width = warpSize, Here here = Here::current()) {
  return detail::shuffle(WarpOperation::shuffle, mask, value, source, width, here);
}
template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = warpSize, Here here = Here::current()) {
  return detail::shuffle(WarpOperation::shuffle_up, mask, value, static_cast<int>(delta), width, here);
}
template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = warpSize, Here here = Here::current()) {
  return detail::shuffle(WarpOperation::shuffle_down, mask, value, static_cast<int>(delta), width, here);
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int lanes, int width = warpSize, Here here = Here::current()) {
  return detail::shuffle(WarpOperation::shuffle_xor, mask, value, lanes, width, here);
}

// ---- Atomics: real ones, so that ThreadSanitizer tells them from plain accesses ----

namespace detail {
template <class T, class F>
T atomic_update(T* address, F next) {
  T old;
  __atomic_load(address, &old, __ATOMIC_ACQUIRE);
  for (;;) {
    T desired = next(old);
    if (__atomic_compare_exchange(address, &old, &desired, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) return old;
  }
}
}  // namespace detail

#define GG_EMULATOR_ATOMICS(T)                                                       \
  inline T atomicAdd(T* p, T v) {                                                    \
    return detail::atomic_update(p, [v](T old) { return static_cast<T>(old + v); }); \
  }                                                                                  \
  inline T atomicExch(T* p, T v) {                                                   \
    return detail::atomic_update(p, [v](T) { return v; });                           \
  }
#define GG_EMULATOR_INTEGER_ATOMICS(T)                                                            \
  inline T atomicMin(T* p, T v) {                                                                 \
    return detail::atomic_update(p, [v](T old) { return std::min(old, v); });                     \
  }                                                                                               \
  inline T atomicMax(T* p, T v) {                                                                 \
    return detail::atomic_update(p, [v](T old) { return std::max(old, v); });                     \
  }                                                                                               \
  inline T atomicAnd(T* p, T v) { return __atomic_fetch_and(p, v, __ATOMIC_ACQ_REL); }            \
  inline T atomicOr(T* p, T v) { return __atomic_fetch_or(p, v, __ATOMIC_ACQ_REL); }              \
  inline T atomicXor(T* p, T v) { return __atomic_fetch_xor(p, v, __ATOMIC_ACQ_REL); }            \
  inline T atomicCAS(T* p, T expected, T desired) {                                               \
    __atomic_compare_exchange(p, &expected, &desired, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE); \
    return expected;                                                                              \
  }
GG_EMULATOR_ATOMICS(int)
GG_EMULATOR_ATOMICS(unsigned)
GG_EMULATOR_ATOMICS(unsigned long long)
GG_EMULATOR_ATOMICS(float)
GG_EMULATOR_ATOMICS(double)
GG_EMULATOR_INTEGER_ATOMICS(int)
GG_EMULATOR_INTEGER_ATOMICS(unsigned)
GG_EMULATOR_INTEGER_ATOMICS(unsigned long long)
#undef GG_EMULATOR_ATOMICS
#undef GG_EMULATOR_INTEGER_ATOMICS

// ---- Mathematics beyond <cmath>, bits, cached loads ----

using std::max;
using std::min;

inline float rsqrtf(float x) { return 1.0f / std::sqrt(x); }
inline double rsqrt(double x) { return 1.0 / std::sqrt(x); }
inline float __expf(float x) { return std::exp(x); }
inline float __logf(float x) { return std::log(x); }
inline float __fdividef(float a, float b) { return a / b; }
inline float __frcp_rn(float x) { return 1.0f / x; }
inline float __fmaf_rn(float a, float b, float c) { return std::fma(a, b, c); }
inline double __fma_rn(double a, double b, double c) { return std::fma(a, b, c); }

inline int __float_as_int(float x) { return std::bit_cast<int>(x); }
inline unsigned __float_as_uint(float x) { return std::bit_cast<unsigned>(x); }
inline float __int_as_float(int x) { return std::bit_cast<float>(x); }
inline float __uint_as_float(unsigned x) { return std::bit_cast<float>(x); }
inline long long __double_as_longlong(double x) { return std::bit_cast<long long>(x); }
inline double __longlong_as_double(long long x) { return std::bit_cast<double>(x); }

inline int __popc(unsigned x) { return std::popcount(x); }
inline int __popcll(unsigned long long x) { return std::popcount(x); }
inline int __clz(int x) { return std::countl_zero(static_cast<unsigned>(x)); }
inline int __clzll(long long x) { return std::countl_zero(static_cast<unsigned long long>(x)); }
inline int __ffs(int x) { return x == 0 ? 0 : std::countr_zero(static_cast<unsigned>(x)) + 1; }
inline unsigned __umulhi(unsigned a, unsigned b) { return static_cast<unsigned>((uint64_t{a} * b) >> 32); }

template <class T>
T __ldg(const T* p) {
  return *p;
}

}  // namespace gg::emulator::vocabulary
