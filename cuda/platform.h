// What every .cu file includes first: the real CUDA headers under nvcc, the emulator's under the C++ compiler.
//
// Kernels are plain CUDA with three exceptions, which have macros or helpers here because no C++ compiler can read
// them: static shared arrays (GG_SHARED), dynamic shared memory (GG_DYN_SHARED) and launches (launch). Nothing else may
// differ between the two compilers; a test looks for raw shared qualifiers, launch chevrons, inline assembly and
// architecture macros outside this file. Read next: softmax.cu for a kernel, emulator/emulator.h for the other device.
#pragma once

#include <memory>
#include <tuple>
#include <type_traits>

#include "core/error.h"
#include "cuda/device_api.h"
#include "cuda/stream.h"

#if defined(GG_CUDA_EMULATE)

#include "cuda/emulator/device.h"
#include "cuda/emulator/emulator.h"
#include "cuda/emulator/runtime.h"
#include "cuda/emulator/shared_memory.h"

/// The namespace of this compilation: all code of a .cu or .cuh file stands in gg::GG_CUDA_NS.
#define GG_CUDA_NS emulated
#define GG_CUDA_NS_NAME "emulated"
namespace gg::emulated {
using namespace emulator::vocabulary;  // NOLINT: CUDA's names are global in CUDA
}

/// GG_SHARED(float, tile, [32][33]) declares a static shared array as `__shared__ float tile[32][33]` would.
#define GG_SHARED(type, name, dims)                                                          \
  type(&name) dims = *static_cast<type(*) dims>(::gg::emulator::shared_array(                \
      ({                                                                                     \
        static char gg_key; /* one address per declaration and per template instantiation */ \
        &gg_key;                                                                             \
      }),                                                                                    \
      sizeof(type dims), alignof(type), #name))

/// GG_DYN_SHARED(float, row) declares a pointer to the dynamic shared memory of the launch.
#define GG_DYN_SHARED(type, name) type* const name = static_cast<type*>(::gg::emulator::dynamic_shared_array())

#elif defined(__CUDACC__)

#include <cuda_runtime.h>

#define GG_CUDA_NS cuda
#define GG_CUDA_NS_NAME "cuda"
#define GG_SHARED(type, name, dims) __shared__ type name dims
#define GG_DYN_SHARED(type, name)                                    \
  extern __shared__ __align__(16) unsigned char gg_dynamic_shared[]; \
  type* const name = reinterpret_cast<type*>(gg_dynamic_shared)

#else
#error "cuda/platform.h is for .cu files: compile with nvcc, or with GG_CUDA_EMULATE for the emulator"
#endif

namespace gg::GG_CUDA_NS {

/// Throws gg::Error "<what>: <CUDA's reason>" unless `error` is cudaSuccess. The emulator adds what it found.
void check(cudaError_t error, const char* what);

inline cudaStream_t native(DeviceStream stream) { return static_cast<cudaStream_t>(stream.handle); }

/// Whether every launch is followed by a synchronisation, so that a fault names its kernel: GG_SYNC=1 in the
/// environment. May be set by tests.
bool& synchronous_launches();

/// How many blocks of `threads` threads one thread for each of `work` items takes. 0 for no work. A multiprocessor that
/// is done with a block takes the next one; this hides latency better than blocks that stride over the work, all in
/// step (H100, tanh of 256 MiB: 0.180 against 0.208 ms).
unsigned blocks_for(int64_t work, int threads);

/// For kernels whose blocks do keep something from item to item: how many blocks of `threads` threads stride over
/// `work` items, no more than fill the device `waves` times (2048 threads per multiprocessor). Of several waves the
/// device deals out blocks as its multiprocessors become free. 0 for no work.
unsigned grid_for(int64_t work, int threads, int waves = 1);

namespace detail {
/// Throws if the launch failed; waits for it where launches are synchronous.
void after_launch(cudaError_t error, const char* name, dim3 grid, dim3 block, size_t shared_bytes, cudaStream_t stream);

#if defined(GG_CUDA_EMULATE)
template <class... P>
struct KernelCall {
  void (*kernel)(P...);
  std::tuple<P...> arguments;
  static void run_thread(const void* self) {
    const auto& call = *static_cast<const KernelCall*>(self);
    std::apply(call.kernel, call.arguments);
  }
};

template <class... P>
cudaError_t start(const char* name, void (*kernel)(P...), dim3 grid, dim3 block, size_t shared_bytes,
                  cudaStream_t stream, const std::tuple<P...>& arguments) {
  emulator::Launch launch{name,         reinterpret_cast<const void*>(kernel), grid,    block,
                          shared_bytes, KernelCall<P...>::run_thread,          nullptr, {}};
  launch.call = std::make_shared<KernelCall<P...>>(KernelCall<P...>{kernel, arguments});
  auto note = [&](const auto& argument) {
    if constexpr (std::is_pointer_v<std::remove_cvref_t<decltype(argument)>>) {
      launch.pointers.push_back(argument);
    } else if constexpr (requires { argument.for_each_pointer([](const void*) {}); }) {
      argument.for_each_pointer([&](const void* p) { launch.pointers.push_back(p); });
    }
  };
  std::apply([&](const P&... argument) { (note(argument), ...); }, arguments);
  return emulator::launch(std::move(launch), stream);
}
#else
template <class... P>
cudaError_t start(const char*, void (*kernel)(P...), dim3 grid, dim3 block, size_t shared_bytes, cudaStream_t stream,
                  std::tuple<P...> arguments) {
  return std::apply(
      [&](P&... argument) {
        void* addresses[] = {static_cast<void*>(&argument)..., nullptr};
        return cudaLaunchKernel(reinterpret_cast<const void*>(kernel), grid, block, addresses, shared_bytes, stream);
      },
      arguments);
}
#endif
}  // namespace detail

/// Starts `kernel` in a stream with `shared_bytes` of dynamic shared memory; arguments convert to the kernel's
/// parameter types here. An empty grid is nothing to do. Throws gg::Error naming kernel, grid and block if the launch
/// is refused. For the emulator to check pointers, they must be direct parameters, or their struct must have
/// for_each_pointer(fn). `name` must be a literal.
template <class... P>
void launch_in(cudaStream_t stream, const char* name, void (*kernel)(P...), dim3 grid, dim3 block, size_t shared_bytes,
               std::type_identity_t<P>... arguments) {
  static_assert((std::is_trivially_copyable_v<P> && ...), "kernel arguments are copied to the device byte by byte");
  if (grid.x == 0 || grid.y == 0 || grid.z == 0) return;
  const cudaError_t error =
      detail::start(name, kernel, grid, block, shared_bytes, stream, std::tuple<P...>(arguments...));
  detail::after_launch(error, name, grid, block, shared_bytes, stream);
}

/// The same in the calling thread's stream (cuda/stream.h), where all work of the library goes.
template <class... P>
void launch(const char* name, void (*kernel)(P...), dim3 grid, dim3 block, size_t shared_bytes,
            std::type_identity_t<P>... arguments) {
  launch_in<P...>(native(current_stream()), name, kernel, grid, block, shared_bytes, arguments...);
}

}  // namespace gg::GG_CUDA_NS
