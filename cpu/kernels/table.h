// How kernels compiled once per instruction set are found: each family is a struct of function pointers, each
// instruction set defines one constant of it in its own namespace, and the constant is picked at start.
//
//   struct GemmKernels { void (*f32)(…); };
//   GG_CPU_KERNEL_TABLE(GemmKernels, gemm_kernels)     declares gemm_kernels(), to be called from cpu/*.cpp
//
// and in kernels/gemm.cpp, which is compiled for each set with GG_ISA = baseline, avx2, avx512:
//
//   namespace gg::cpu::GG_ISA { const GemmKernels gemm_kernels_table = {…}; }
//
// Those files may include only headers without inline functions that baseline code might share: the linker keeps one
// copy of an inline function, and it could be the one with instructions this processor lacks.
#pragma once

#include "core/isa.h"

#if defined(__x86_64__)
#define GG_CPU_KERNEL_TABLE(Type, name)                                                   \
  namespace baseline {                                                                    \
  extern const Type name##_table;                                                         \
  }                                                                                       \
  namespace avx2 {                                                                        \
  extern const Type name##_table;                                                         \
  }                                                                                       \
  namespace avx512 {                                                                      \
  extern const Type name##_table;                                                         \
  }                                                                                       \
  inline const Type& name() {                                                             \
    static const Type& chosen = isa() == ::gg::cpu::Isa::avx512 ? avx512::name##_table    \
                                : isa() == ::gg::cpu::Isa::avx2 ? avx2::name##_table      \
                                                                : baseline::name##_table; \
    return chosen;                                                                        \
  }
#else
#define GG_CPU_KERNEL_TABLE(Type, name) \
  namespace baseline {                  \
  extern const Type name##_table;       \
  }                                     \
  inline const Type& name() { return baseline::name##_table; }
#endif
