// Defines elementwise_kernels<F>(): the table of a functor from those of the CPU and of the devices. For sources that
// gradgrad_add_ops generates only, which hold the explicit instantiations; GG_DEVICE_KERNELS (0 or 1) says whether the
// functors were built for devices.
#pragma once

#include "cpu/elementwise_dispatch.h"
#include "ops/elementwise_kernels.h"

namespace gg {
namespace detail {

template <DeviceKernel ElementwiseKernel::*kPlace>
void add_kernels(UnaryKernels& all, const DeviceUnaryKernels& device) {
  for (int type = 0; type < 2; ++type) {
    for (int k = 0; k <= kDeviceOrders; ++k) all.by_input[type][k].*kPlace = device.by_input[type][k];
    for (int k = 0; k < kDeviceOrders; ++k) all.by_output[type][k].*kPlace = device.by_output[type][k];
  }
}

template <DeviceKernel ElementwiseKernel::*kPlace>
void add_kernels(BinaryKernels& all, const DeviceBinaryKernels& device) {
  for (int type = 0; type < 2; ++type) {
    for (int i = 0; i <= kDeviceOrders; ++i) {
      for (int j = 0; j <= kDeviceOrders; ++j) all.partial[type][i][j].*kPlace = device.partial[type][i][j];
    }
  }
}

inline UnaryKernels with_facts(const cpu::UnaryLoops& loops) {
  UnaryKernels all{};
  for (int k = 0; k <= cpu::kMaxOrder; ++k) {
    for (int type = 0; type < 2; ++type) all.by_input[type][k].cpu = loops.by_input[type][k];
    all.input_facts[k] = loops.input_facts[k];
  }
  for (int k = 0; k < cpu::kMaxOrder; ++k) {
    for (int type = 0; type < 2; ++type) all.by_output[type][k].cpu = loops.by_output[type][k];
    all.output_facts[k] = loops.output_facts[k];
  }
  all.has_output_derivative = loops.has_output_derivative;
  return all;
}

inline BinaryKernels with_facts(const cpu::BinaryLoops& loops) {
  BinaryKernels all{};
  for (int i = 0; i <= cpu::kMaxOrder; ++i) {
    for (int j = 0; j <= cpu::kMaxOrder; ++j) {
      for (int type = 0; type < 2; ++type) all.partial[type][i][j].cpu = loops.partial[type][i][j];
      all.facts[i][j] = loops.facts[i][j];
    }
  }
  return all;
}

}  // namespace detail

template <class F>
const typename KernelsOf<F>::Type& elementwise_kernels() {
  static const auto table = [] {
    auto all = detail::with_facts(cpu::elementwise_loops<F>());
#if GG_DEVICE_KERNELS && GG_WITH_CUDA
    detail::add_kernels<&ElementwiseKernel::cuda>(all, cuda::functor_kernels<F>());
#endif
#if GG_DEVICE_KERNELS && GG_WITH_EMULATED
    detail::add_kernels<&ElementwiseKernel::emulated>(all, emulated::functor_kernels<F>());
#endif
    return all;
  }();
  return table;
}

}  // namespace gg
