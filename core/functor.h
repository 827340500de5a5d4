// What a functor is, and what can be said of it while compiling.
//
// A functor is an empty or small struct with `name`, `doc` and `template <class T> GG_HD T f(T x) const` (or f(T a, T
// b)); a unary one may add `df(T y)`, its derivative as a function of its own output. Parameters are floating-point
// data members. Lists of functors are OpList types; `gradgrad_add_ops` in CMake reads the same lists from the header.
#pragma once

#include "core/dependency.h"

namespace gg {

/// A list of functors, one a line: `using ActivationOps = OpList<Silu, …>;` at the end of their header.
template <class... Functors>
struct OpList {};

namespace detail {
using Probe = Real<float, cpu::Baseline>;
}

template <class F>
concept UnaryFunctor = requires(const F& f, detail::Probe x) {
  f.f(x);
};

template <class F>
concept BinaryFunctor = requires(const F& f, detail::Probe x) {
  f.f(x, x);
};

/// Whether the derivative of F is given as a function of its output.
template <class F>
concept HasOutputDerivative = UnaryFunctor<F> && requires(const F& f, detail::Probe y) {
  f.df(y);
};

/// The facts about f, by order of derivative.
template <UnaryFunctor F>
GG_HD Dependency<1> dependency_of() {
  return F{}.f(Dependency<1>::variable(0));
}
template <BinaryFunctor F>
GG_HD Dependency<2> dependency_of() {
  return F{}.f(Dependency<2>::variable(0), Dependency<2>::variable(1));
}

/// The facts about df as a function of the output; everything vanishes where F has none.
template <class F>
GG_HD Dependency<1> output_dependency_of() {
  if constexpr (HasOutputDerivative<F>) {
    return F{}.df(Dependency<1>::variable(0));
  } else {
    return Dependency<1>();
  }
}

}  // namespace gg
