// Runs one elementwise kernel: finds the output's shape and layout, broadcasts, and dispatches. Not recorded.
#pragma once

#include <initializer_list>

#include "core/tensor.h"
#include "ops/elementwise_kernels.h"

namespace gg::detail {

inline constexpr FunctorBytes kNoParameters{};

/// out = kernel(inputs…) with broadcasting; `functor` are its parameters. Inputs must be on one device; throws, naming
/// `name`, where the kernel does not exist there.
Tensor run_elementwise(const char* name, const ElementwiseKernel& kernel, const FunctorBytes& functor, DType out,
                       std::initializer_list<const Tensor*> inputs);

/// Throws unless the tensors have one dtype and one device; and that dtype is floating where asked.
void check_same(const char* op, const Tensor& a, const Tensor& b);
void check_floating(const char* op, const Tensor& x);

}  // namespace gg::detail
