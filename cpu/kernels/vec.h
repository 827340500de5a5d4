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

/// The lanes added in a fixed tree.
template <class T>
GG_INLINE T sum_lanes(Vec<T> v) {
  T lanes[kLanes<T>];
  store(lanes, v);
  for (int half = kLanes<T> / 2; half > 0; half /= 2) {
    for (int i = 0; i < half; ++i) lanes[i] += lanes[i + half];
  }
  return lanes[0];
}

}  // namespace gg::cpu::GG_ISA
