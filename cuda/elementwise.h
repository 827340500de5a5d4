// Elementwise kernels of a device, as the ops call them. Kernels of all operations have one type, so that tables hold
// them (ops/elementwise_kernels.h) and one function launches them. The kernels themselves: cuda/elementwise.cuh.
#pragma once

#include <span>

#include "core/array.h"
#include "core/functor.h"
#include "core/plain.h"
#include "cuda/device_api.h"
#include "cuda/strided.h"

namespace gg {

/// A functor's parameters, without its type.
struct FunctorBytes {
  alignas(8) unsigned char bytes[32];
};

/// out = functor(in0, …) along the plan, for element types that the kernel knows; inputs that it does not have are
/// null.
using DeviceKernel = void (*)(FunctorBytes functor, StridedPlan plan, void* out, const void* in0, const void* in1,
                              const void* in2);
inline constexpr int kMaxDeviceInputs = StridedPlan::kMaxOperands - 1;

/// Elements that a thread handles in one step, by the size of the widest type: 16 bytes, if no more than 8 elements.
constexpr int pack_width(size_t widest) { return widest <= 2 ? 8 : 16 / static_cast<int>(widest); }

/// Orders of derivative with kernels on devices; higher ones are computed on the CPU, there and back.
inline constexpr int kDeviceOrders = 2;

// The tables have the CPU's indices (cpu/elementwise_loops.h, cpu/plain_table.h): element types first. Null where there
// is no kernel: the derivative vanishes identically, or it is taken by the output.

struct DeviceUnaryKernels {
  DeviceKernel by_input[2][kDeviceOrders + 1];
  DeviceKernel by_output[2][kDeviceOrders];
};
struct DeviceBinaryKernels {
  DeviceKernel partial[2][kDeviceOrders + 1][kDeviceOrders + 1];
};
struct DevicePlainKernels {
  DeviceKernel binary[kPlainCount][4];
  DeviceKernel where[4];
  DeviceKernel cast[4][4];
};

/// The type of the table of F.
template <class F>
struct DeviceKernelsOf {
  using Type = DeviceBinaryKernels;
};
template <UnaryFunctor F>
struct DeviceKernelsOf<F> {
  using Type = DeviceUnaryKernels;
};

}  // namespace gg

GG_DEVICE_API(
    /// out = functor(ins…), element by element: up to three inputs, each of out's shape (stride 0 where broadcast), any
    /// layout. out must not overlap itself, and may share memory with an input only element by element.
    void elementwise(const char* name, DeviceKernel kernel, const FunctorBytes& functor, const Array& out,
                     std::span<const Array> ins);

    const DevicePlainKernels& plain_kernels();

    /// The kernels of a functor. Instantiated by sources that gradgrad_add_ops generates.
    template <class F> const typename DeviceKernelsOf<F>::Type& functor_kernels();)
