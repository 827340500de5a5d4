// Runs one elementwise kernel: finds the output's shape and layout, broadcasts, and dispatches. Not recorded.
#pragma once

#include <initializer_list>

#include "core/tensor.h"
#include "ops/elementwise_kernels.h"

namespace gg::detail {

inline constexpr FunctorBytes kNoParameters{};

/// out = kernel(inputs…) with broadcasting; `functor` are its parameters. Inputs must be on one device; throws, naming
/// `name`, where the kernel does not exist there. The output keeps the axis order of input `like` if that has its
/// shape, else of the first one that has; so channels-last stays channels-last.
Tensor run_elementwise(const char* name, const ElementwiseKernel& kernel, const FunctorBytes& functor, DType out,
                       std::initializer_list<const Tensor*> inputs, int like = 0);

/// The same into `out`, of which the inputs' shapes broadcast to that; for forward functions, which make their output
/// themselves. Its layout is any, such as a slice's.
void run_elementwise_into(const char* name, const ElementwiseKernel& kernel, const FunctorBytes& functor,
                          const Tensor& out, std::initializer_list<const Tensor*> inputs);

/// Throws unless the tensors have one dtype and one device; and that dtype is floating where asked.
void check_same(const char* op, const Tensor& a, const Tensor& b);
void check_floating(const char* op, const Tensor& x);

}  // namespace gg::detail
