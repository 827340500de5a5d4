// Targets: empty tags that say for which machine a piece of numeric code is compiled.
//
// Every number type (core/number.h) carries its target as a template argument, so the AVX-512 build of a function has
// another name than the baseline build and the linker cannot mix the two up. The tags also tell core/scalar_math.h what
// the machine has.
#pragma once

// GG_HD: on host and device, always inlined, and usable in constant expressions (core/dependency.h evaluates functors
// while compiling). GG_LAMBDA: the same for lambdas, which take their execution space from the function around them.
#if defined(__CUDACC__)
#define GG_HD __host__ __device__ __forceinline__ constexpr
#define GG_LAMBDA
#else
#define GG_HD inline __attribute__((always_inline)) constexpr
#define GG_LAMBDA __attribute__((always_inline))
#endif

// Begins a function of S that a target may have built in: GG_BUILTIN(::expf(x), ::exp(x)).
#if defined(__CUDACC__)
// clang-format off
#define GG_BUILTIN(f32_call, f64_call) \
  if constexpr (Target::has_builtins) { if constexpr (sizeof(S) == 4) return f32_call; else return f64_call; }
// clang-format on
#else
#define GG_BUILTIN(f32_call, f64_call)
#endif

namespace gg::cpu {

/// What every machine of this architecture can run.
struct Baseline {
  static constexpr const char* name = "baseline";
#if defined(__aarch64__)
  static constexpr bool has_fma = true;
#else
  static constexpr bool has_fma = false;  ///< whether a·b + c with one rounding is one instruction
#endif
  static constexpr bool has_builtins = false;  ///< whether the target's own exp, log, … replace ours
};

/// x86-64-v3: AVX2 and FMA.
struct Avx2 {
  static constexpr const char* name = "avx2";
  static constexpr bool has_fma = true;
  static constexpr bool has_builtins = false;
};

/// x86-64-v4: AVX-512 F, CD, BW, DQ and VL.
struct Avx512 {
  static constexpr const char* name = "avx512";
  static constexpr bool has_fma = true;
  static constexpr bool has_builtins = false;
};

}  // namespace gg::cpu
