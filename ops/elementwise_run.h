// Runs one elementwise kernel: finds the output's shape and layout, broadcasts, and dispatches. Not recorded.
#pragma once

#include <initializer_list>

#include "core/tensor.h"
#include "cpu/elementwise.h"

namespace gg::detail {

/// out = loop(inputs…) with broadcasting; `functor` are its parameters. Inputs must be on one device.
Tensor run_elementwise(const char* name, cpu::ElementwiseLoop loop, const void* functor, DType out,
                       std::initializer_list<const Tensor*> inputs);

/// Throws unless the tensors have one dtype and one device; and that dtype is floating where asked.
void check_same(const char* op, const Tensor& a, const Tensor& b);
void check_floating(const char* op, const Tensor& x);

}  // namespace gg::detail
