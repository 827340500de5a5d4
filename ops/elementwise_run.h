// Runs one elementwise kernel: finds the output's shape and layout, broadcasts, and dispatches. Not recorded.
#pragma once

#include <initializer_list>

#include "core/tensor.h"
#include "cpu/elementwise.h"
#include "cuda/device_loops.h"

namespace gg::detail {

/// out = loop(inputs…) with broadcasting; `functor` are its parameters. Inputs must be on one device; `device_loop` is
/// that device's kernel, or null where there is none (an error then, unless the device is the CPU).
Tensor run_elementwise(const char* name, cpu::ElementwiseLoop loop, const void* functor, DType out,
                       std::initializer_list<const Tensor*> inputs, DeviceLoop device_loop = nullptr);

/// Throws unless the tensors have one dtype and one device; and that dtype is floating where asked.
void check_same(const char* op, const Tensor& a, const Tensor& b);
void check_floating(const char* op, const Tensor& x);

}  // namespace gg::detail
