// Elementwise kernels from functors: the same formulas as on the CPU (ops/functors/), on the same number types, for
// each derivative up to kDeviceOrders. Included by sources that gradgrad_add_ops generates.
#pragma once

#include "core/functor.h"
#include "core/jet.h"
#include "cuda/elementwise.cuh"

namespace gg::GG_CUDA_NS {

/// The tag that numbers carry here (core/target.h). Our own maths, so that values are the CPU's but for the last bits.
struct Target {
  static constexpr const char* name = "device";
  static constexpr bool has_fma = true;
  static constexpr bool has_builtins = false;
};

template <class F, class S>
struct UnaryValue {
  F f;
  __device__ S operator()(S x) const { return f.f(Real<S, Target>(x)).value; }
};

template <class F, class S, int K>
struct DerivativeByInput {
  F f;
  __device__ S operator()(S g, S x) const {
    using R = Real<S, Target>;
    return (R(g) * f.f(Jet<R, K>::variable(R(x))).c[K]).value;
  }
};

template <class F, class S, int K>
struct DerivativeByOutput {
  F f;
  __device__ S operator()(S g, S y) const {
    using R = Real<S, Target>;
    return (R(g) * f.df(Jet<R, K>::variable(R(y))).c[K]).value;
  }
};

template <class F, class S>
struct BinaryValue {
  F f;
  __device__ S operator()(S a, S b) const {
    using R = Real<S, Target>;
    return f.f(R(a), R(b)).value;
  }
};

/// g · ∂ⁱ⁺ʲf/∂aⁱ∂bʲ, by jets in a of jets in b.
template <class F, class S, int I, int J>
struct PartialDerivative {
  F f;
  __device__ S operator()(S g, S a, S b) const {
    using R = Real<S, Target>;
    using Inner = Jet<R, J>;
    using Outer = Jet<Inner, I>;
    return (R(g) * f.f(Outer::variable(Inner(R(a))), Outer(Inner::variable(R(b)))).c[I].c[J]).value;
  }
};

template <class F, class S>
void fill_kernels(DeviceUnaryKernels& table, int type) {
  constexpr auto facts = dependency_of<F>();
  constexpr auto output_facts = output_dependency_of<F>();
  static_assert(kDeviceOrders == 2);
  table.by_input[type][0] = elementwise_kernel<UnaryValue<F, S>, S, S>;
  if constexpr (HasOutputDerivative<F>) {
    if constexpr (!output_facts.partial(0).vanishes) {
      table.by_output[type][0] = elementwise_kernel<DerivativeByOutput<F, S, 0>, S, S, S>;
    }
    if constexpr (!output_facts.partial(1).vanishes) {
      table.by_output[type][1] = elementwise_kernel<DerivativeByOutput<F, S, 1>, S, S, S>;
    }
  } else {
    if constexpr (!facts.partial(1).vanishes) {
      table.by_input[type][1] = elementwise_kernel<DerivativeByInput<F, S, 1>, S, S, S>;
    }
    if constexpr (!facts.partial(2).vanishes) {
      table.by_input[type][2] = elementwise_kernel<DerivativeByInput<F, S, 2>, S, S, S>;
    }
  }
}

template <class F, class S, int I, int J>
void fill_partial(DeviceBinaryKernels& table, int type) {
  constexpr auto facts = dependency_of<F>();
  if constexpr (I + J == 0) {
    table.partial[type][I][J] = elementwise_kernel<BinaryValue<F, S>, S, S, S>;
  } else if constexpr (!facts.partial(I, J).vanishes) {
    table.partial[type][I][J] = elementwise_kernel<PartialDerivative<F, S, I, J>, S, S, S, S>;
  }
}

template <class F, class S>
void fill_kernels(DeviceBinaryKernels& table, int type) {
  static_assert(kDeviceOrders == 2);
  fill_partial<F, S, 0, 0>(table, type);
  fill_partial<F, S, 1, 0>(table, type);
  fill_partial<F, S, 0, 1>(table, type);
  fill_partial<F, S, 2, 0>(table, type);
  fill_partial<F, S, 1, 1>(table, type);
  fill_partial<F, S, 0, 2>(table, type);
}

/// Defined here, instantiated by generated sources.
template <class F>
const typename DeviceKernelsOf<F>::Type& functor_kernels() {
  static const auto table = [] {
    typename DeviceKernelsOf<F>::Type t{};
    fill_kernels<F, float>(t, 0);
    fill_kernels<F, double>(t, 1);
    return t;
  }();
  return table;
}

}  // namespace gg::GG_CUDA_NS
