// Defines device_unary_loops<F>() (cuda/device_loops.h). For sources that gradgrad_add_ops generates only.
#pragma once

#include "cuda/device_loops.h"

#if GG_WITH_EMULATED
#define GG_EMULATED_LOOPS(F) \
  if (type == ::gg::Device::emulated) return ::gg::emulated::functor_loops<F>();
#else
#define GG_EMULATED_LOOPS(F)
#endif
#if GG_WITH_CUDA
#define GG_CUDA_LOOPS(F) \
  if (type == ::gg::Device::cuda) return ::gg::cuda::functor_loops<F>();
#else
#define GG_CUDA_LOOPS(F)
#endif

/// A functor with device kernels.
#define GG_DEVICE_LOOPS_1(F)                                                                          \
  template <>                                                                                         \
  const ::gg::DeviceUnaryLoops* gg::device_unary_loops<F>([[maybe_unused]] ::gg::Device::Type type) { \
    GG_EMULATED_LOOPS(F)                                                                              \
    GG_CUDA_LOOPS(F)                                                                                  \
    return nullptr;                                                                                   \
  }

/// A functor without.
#define GG_DEVICE_LOOPS_0(F)                                                    \
  template <>                                                                   \
  const ::gg::DeviceUnaryLoops* gg::device_unary_loops<F>(::gg::Device::Type) { \
    return nullptr;                                                             \
  }
