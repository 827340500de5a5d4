// Elementwise kernels from functors: the same formulas as on the CPU (ops/functors/), on the same number types, for
// each derivative up to kDeviceOrders. Included by sources that gradgrad_add_ops generates.
#pragma once

#include <type_traits>

#include "core/functor.h"
#include "core/jet.h"
#include "cuda/device_loops.h"
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

inline StridedLayout strided(const Array& a) {
  StridedLayout l;
  l.rank = a.rank();
  for (int i = 0; i < l.rank; ++i) {
    l.dims[i] = a.shape[i];
    l.strides[i] = a.strides[i];
  }
  return l;
}

template <class F>
F functor_from(const void* bytes) {
  if constexpr (std::is_empty_v<F>) {
    return F{};
  } else {
    return *static_cast<const F*>(bytes);
  }
}

/// Launches Op on one input (a value) or two (a cotangent and the place of the derivative).
template <class Op, class F, class S, int kInputs>
void run_functor(const char* name, const void* functor, const Array& out, const Array* ins) {
  if (out.numel() == 0) return;
  Op op{functor_from<F>(functor)};
  if constexpr (kInputs == 1) {
    elementwise(name, op, std::array{strided(out), strided(ins[0])}, DeviceStream{}, out.as<S>(),
                static_cast<const S*>(ins[0].data));
  } else {
    elementwise(name, op, std::array{strided(out), strided(ins[0]), strided(ins[1])}, DeviceStream{}, out.as<S>(),
                static_cast<const S*>(ins[0].data), static_cast<const S*>(ins[1].data));
  }
}

template <class F>
struct FunctorKernels {
  template <class S>
  static constexpr void fill(DeviceLoop (&by_input)[kDeviceOrders + 1], DeviceLoop (&by_output)[kDeviceOrders]) {
    constexpr auto facts = dependency_of<F>();
    constexpr auto output_facts = output_dependency_of<F>();
    static_assert(kDeviceOrders == 2);
    by_input[0] = run_functor<UnaryValue<F, S>, F, S, 1>;
    if constexpr (!facts.partial(1).vanishes) by_input[1] = run_functor<DerivativeByInput<F, S, 1>, F, S, 2>;
    if constexpr (!facts.partial(2).vanishes) by_input[2] = run_functor<DerivativeByInput<F, S, 2>, F, S, 2>;
    if constexpr (!output_facts.partial(0).vanishes) by_output[0] = run_functor<DerivativeByOutput<F, S, 0>, F, S, 2>;
    if constexpr (!output_facts.partial(1).vanishes) by_output[1] = run_functor<DerivativeByOutput<F, S, 1>, F, S, 2>;
  }
  static DeviceUnaryLoops make() {
    DeviceUnaryLoops t{};
    fill<float>(t.by_input[0], t.by_output[0]);
    fill<double>(t.by_input[1], t.by_output[1]);
    return t;
  }
};

/// Defined here, instantiated by generated sources.
template <class F>
const DeviceUnaryLoops* functor_loops() {
  static const DeviceUnaryLoops table = FunctorKernels<F>::make();
  return &table;
}

}  // namespace gg::GG_CUDA_NS
