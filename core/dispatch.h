// The one point that every kernel call passes. It switches over the devices; profiling, counting and tracing attach
// here.
//
//   GG_KERNEL(device, softmax_forward, out, x)       calls cpu::, cuda:: or emulated::softmax_forward(out, x)
//   GG_CPU_KERNEL(device, sum, out, x)               the same for a kernel that so far exists on the CPU only
#pragma once

#include "core/device.h"
#include "core/error.h"

namespace gg {

/// Called before and after each kernel where set: by the profiler, and by tests that count kernel calls.
using KernelObserver = void (*)(const char* kernel, Device device, bool begin);
inline KernelObserver kernel_observer = nullptr;

class KernelScope {
 public:
  KernelScope(const char* name, Device device) : name_(name), device_(device) {
    if (kernel_observer) [[unlikely]]
      kernel_observer(name_, device_, true);
  }
  ~KernelScope() {
    if (kernel_observer) [[unlikely]]
      kernel_observer(name_, device_, false);
  }
  KernelScope(const KernelScope&) = delete;
  KernelScope& operator=(const KernelScope&) = delete;

 private:
  const char* name_;
  Device device_;
};

[[noreturn]] void no_kernel(const char* kernel, Device device);

}  // namespace gg

#if GG_WITH_CUDA
#define GG_IF_CUDA(kernel, call) call
#else
#define GG_IF_CUDA(kernel, call) ::gg::no_kernel(kernel, ::gg::Device::cuda)
#endif
#if GG_WITH_EMULATED
#define GG_IF_EMULATED(kernel, call) call
#else
#define GG_IF_EMULATED(kernel, call) ::gg::no_kernel(kernel, ::gg::Device::emulated)
#endif

#define GG_KERNEL(where, kernel, ...)                                 \
  do {                                                                \
    const ::gg::Device gg_device = (where);                           \
    ::gg::KernelScope gg_scope(#kernel, gg_device);                   \
    switch (gg_device.type) {                                         \
      case ::gg::Device::cpu:                                         \
        ::gg::cpu::kernel(__VA_ARGS__);                               \
        break;                                                        \
      case ::gg::Device::cuda:                                        \
        GG_IF_CUDA(#kernel, ::gg::cuda::kernel(__VA_ARGS__));         \
        break;                                                        \
      case ::gg::Device::emulated:                                    \
        GG_IF_EMULATED(#kernel, ::gg::emulated::kernel(__VA_ARGS__)); \
        break;                                                        \
    }                                                                 \
  } while (false)

#define GG_CPU_KERNEL(where, kernel, ...)                         \
  do {                                                            \
    const ::gg::Device gg_device = (where);                       \
    ::gg::KernelScope gg_scope(#kernel, gg_device);               \
    if (!gg_device.is_cpu()) ::gg::no_kernel(#kernel, gg_device); \
    ::gg::cpu::kernel(__VA_ARGS__);                               \
  } while (false)
