// The one point that every kernel call passes. It switches over the devices; profiling, counting, tracing and capture
// attach here.
//
//   GG_KERNEL(device, softmax_forward, out, x)       calls cpu::, cuda:: or emulated::softmax_forward(out, x)
//   GG_CPU_KERNEL(device, sum, out, x)               the same for a kernel that so far exists on the CPU only
//
// Elementwise kernels come from tables (ops/elementwise_kernels.h) and pass through one function of their own, with the
// same KernelScope.
#pragma once

#include <atomic>
#include <concepts>
#include <memory>
#include <span>
#include <vector>

#include "core/array.h"
#include "core/device.h"
#include "core/error.h"

namespace gg {

/// A call of a kernel as observers see it.
struct KernelCall {
  const char* kernel;
  Device device;
  /// The arrays among its arguments, in their order: outputs first. Of an optimiser, for each parameter in turn: it,
  /// its gradient and its state, each as a row.
  std::span<const Array> operands;
};

/// Called before and after each kernel where set: by the profiler, and by tests that count kernel calls. Afterwards the
/// operands hold the results (on `cuda`: in stream order).
using KernelObserver = void (*)(const KernelCall& call, bool begin);
inline std::atomic<KernelObserver> kernel_observer = nullptr;

class KernelScope {
 public:
  /// `operands()` makes the list of arrays (std::vector<Array>); it is called only where somebody looks.
  template <std::invocable Operands>
  KernelScope(const char* kernel, Device device, const Operands& operands) {
    if (KernelObserver observer = kernel_observer.load(std::memory_order_relaxed)) [[unlikely]]
      begin(kernel, device, operands(), observer);
  }
  ~KernelScope() {
    if (call_) [[unlikely]]
      end();
  }
  KernelScope(const KernelScope&) = delete;
  KernelScope& operator=(const KernelScope&) = delete;

 private:
  struct Observed;
  void begin(const char* kernel, Device device, std::vector<Array> operands, KernelObserver observer);
  void end() noexcept;

  Observed* call_ = nullptr;
};

struct OptimizerTable;
/// Its parameters, gradients and states.
void add_arrays(std::vector<Array>& found, const OptimizerTable& table);

/// The arrays among the arguments of a kernel.
template <class... Arguments>
std::vector<Array> arrays_among(const Arguments&... arguments) {
  std::vector<Array> found;
  auto look = [&](const auto& argument) {
    using Argument = std::remove_cvref_t<decltype(argument)>;
    if constexpr (std::is_same_v<Argument, Array>) {
      found.push_back(argument);
    } else if constexpr (std::is_convertible_v<Argument, std::span<const Array>>) {
      std::span<const Array> several = argument;
      found.insert(found.end(), several.begin(), several.end());
    } else if constexpr (std::is_same_v<Argument, OptimizerTable>) {
      add_arrays(found, argument);
    }
  };
  (look(arguments), ...);
  return found;
}

/// What no_kernel throws.
class NoKernelError : public Error {
 public:
  NoKernelError(const char* kernel, Device device);
  const std::string& kernel() const { return kernel_; }

 private:
  std::string kernel_;
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

// The arguments are evaluated a second time where an observer looks at them.
#define GG_KERNEL_SCOPE(kernel, device, ...) \
  ::gg::KernelScope gg_scope(#kernel, device, [&] { return ::gg::arrays_among(__VA_ARGS__); })

#define GG_KERNEL(where, kernel, ...)                                 \
  do {                                                                \
    const ::gg::Device gg_device = (where);                           \
    GG_KERNEL_SCOPE(kernel, gg_device, __VA_ARGS__);                  \
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
    if (!gg_device.is_cpu()) ::gg::no_kernel(#kernel, gg_device); \
    GG_KERNEL_SCOPE(kernel, gg_device, __VA_ARGS__);              \
    ::gg::cpu::kernel(__VA_ARGS__);                               \
  } while (false)
