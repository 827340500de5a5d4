// From a functor to a differentiable operation. The functor is its formula and nothing else (ops/functors/); everything
// here follows from it:
//
//   unary    S_k(g, x) = g·f⁽ᵏ⁾(x)             ∂/∂g·h = S_k(h, x)        ∂/∂x·h = S_{k+1}(h·g, x)
//   binary   D_ij(g, a, b) = g·∂ⁱ⁺ʲf/∂aⁱ∂bʲ    ∂/∂g·h = D_ij(h, a, b)    ∂/∂a·h = D_{i+1,j}(h·g, a, b)    …
//
// Reverse mode is S_1(g, x), forward mode S_1(ẋ, x), double backward S_1 and S_2, each one fused pass. A functor with
// df(y) keeps its output instead: T_k(g, y) = g·df⁽ᵏ⁻¹⁾(y), and the chain through y's own node does the rest. What a
// derivative reads, and where it vanishes, comes from the functor's facts (core/dependency.h): a vanishing one is an
// undefined gradient, which costs nothing, and what no rule reads is not saved.
#pragma once

#include "core/tensor.h"
#include "ops/elementwise_kernels.h"

namespace gg {

namespace detail {

template <class F>
FunctorBytes functor_bytes(const F& f) {
  static_assert(sizeof(F) <= sizeof(FunctorBytes) && std::is_trivially_copyable_v<F>,
                "a functor's parameters must be plain numbers, at most 32 bytes of them");
  FunctorBytes b{};
  if constexpr (!std::is_empty_v<F>) __builtin_memcpy(b.bytes, &f, sizeof(F));
  return b;
}

struct UnaryFamily {
  const char* name;
  const UnaryKernels* kernels;
  FunctorBytes functor;
};

struct BinaryFamily {
  const char* name;
  const BinaryKernels* kernels;
  FunctorBytes functor;
};

Tensor apply_unary(const UnaryFamily& family, const Tensor& x);
Tensor apply_binary(const BinaryFamily& family, const Tensor& a, const Tensor& b);

}  // namespace detail

/// f(x) element by element, differentiable up to order 8. f must be in a list given to gradgrad_add_ops (CMake).
template <UnaryFunctor F>
Tensor elementwise(const F& f, const Tensor& x) {
  static const UnaryKernels& kernels = elementwise_kernels<F>();
  return detail::apply_unary({F::name, &kernels, detail::functor_bytes(f)}, x);
}

/// f(a, b) element by element with broadcasting.
template <BinaryFunctor F>
Tensor elementwise(const F& f, const Tensor& a, const Tensor& b) {
  static const BinaryKernels& kernels = elementwise_kernels<F>();
  return detail::apply_binary({F::name, &kernels, detail::functor_bytes(f)}, a, b);
}

}  // namespace gg
