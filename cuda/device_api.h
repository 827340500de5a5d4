// How the rest of the library declares and calls what lives in cuda/, without seeing a CUDA header.
//
// Each .cu file is compiled twice: by nvcc into gg::cuda, and by the C++ compiler into gg::emulated, where the emulator
// runs the same kernels on the CPU. So each public function exists once per namespace; GG_DEVICE_API declares both.
// GG_WITH_CUDA and GG_WITH_EMULATED (0 or 1, set for everyone who links gradgrad) say which of them the build defines.
#pragma once

#include <cstddef>
#include <cstdint>

namespace gg {

/// A stream of either kind: a queue of work that runs in order (cuda/stream.h).
struct DeviceStream {
  void* handle = nullptr;
};

}  // namespace gg

/// Declares its arguments in gg::cuda and in gg::emulated.
#define GG_DEVICE_API(...) \
  namespace gg::cuda {     \
  __VA_ARGS__              \
  }                        \
  namespace gg::emulated { \
  __VA_ARGS__              \
  }
