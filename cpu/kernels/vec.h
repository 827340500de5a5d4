// Vectors of the width of the instruction set this file is compiled for, in GCC's and Clang's vector types: + - * / and
// comparisons work per lane, and the compiler picks the instructions. Only for files compiled per instruction set.
#pragma once

#include <cstdint>

#include "core/target.h"

#define GG_INLINE inline __attribute__((always_inline))

namespace gg::cpu::GG_ISA {

#if defined(GG_ISA_AVX512)
inline constexpr int kVecBytes = 64;
using Target = Avx512;
#elif defined(GG_ISA_AVX2)
inline constexpr int kVecBytes = 32;
using Target = Avx2;
#else
inline constexpr int kVecBytes = 16;
using Target = Baseline;
#endif

template <class T>
struct VecOf;
template <>
struct VecOf<float> {
  typedef float type __attribute__((vector_size(kVecBytes)));
  typedef float unaligned __attribute__((vector_size(kVecBytes), aligned(4), may_alias));
  typedef int32_t integer __attribute__((vector_size(kVecBytes)));
};
template <>
struct VecOf<double> {
  typedef double type __attribute__((vector_size(kVecBytes)));
  typedef double unaligned __attribute__((vector_size(kVecBytes), aligned(8), may_alias));
  typedef int64_t integer __attribute__((vector_size(kVecBytes)));
};

template <class T>
using Vec = typename VecOf<T>::type;
template <class T>
using IntVec = typename VecOf<T>::integer;
template <class T>
inline constexpr int kLanes = kVecBytes / static_cast<int>(sizeof(T));

template <class T>
GG_INLINE Vec<T> load(const T* p) {
  return *reinterpret_cast<const typename VecOf<T>::unaligned*>(p);
}
template <class T>
GG_INLINE void store(T* p, Vec<T> v) {
  *reinterpret_cast<typename VecOf<T>::unaligned*>(p) = v;
}
template <class T>
GG_INLINE Vec<T> splat(T x) {
  return x - Vec<T>{};  // not `Vec{} + x`, which would turn -0 into +0
}

/// A vector of `Bytes` bytes.
template <class T, int Bytes>
struct Sized {
  typedef T type __attribute__((vector_size(Bytes)));
};

/// The lanes combined in a fixed tree of op(vector, vector): each step folds the upper half onto the lower.
template <class T, int Bytes = kVecBytes, class Op>
GG_INLINE T fold_lanes(typename Sized<T, Bytes>::type v, Op op) {
  using Half = typename Sized<T, Bytes / 2>::type;
  struct Halves {
    Half low, high;
  } halves = __builtin_bit_cast(Halves, v);
  if constexpr (Bytes == 2 * sizeof(T)) {
    return op(halves.low, halves.high)[0];
  } else {
    return fold_lanes<T, Bytes / 2>(op(halves.low, halves.high), op);
  }
}

template <class T>
GG_INLINE T sum_lanes(Vec<T> v) {
  return fold_lanes<T>(
      v, [](auto a, auto b) __attribute__((always_inline)) { return a + b; });
}
template <class T>
GG_INLINE T max_lanes(Vec<T> v) {
  return fold_lanes<T>(
      v, [](auto a, auto b) __attribute__((always_inline)) { return a > b ? a : b; });
}
template <class T>
GG_INLINE T min_lanes(Vec<T> v) {
  return fold_lanes<T>(
      v, [](auto a, auto b) __attribute__((always_inline)) { return a < b ? a : b; });
}

}  // namespace gg::cpu::GG_ISA
