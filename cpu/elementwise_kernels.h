// The loops over functors for one instruction set, and the table of them.
//
// Included only by sources that are compiled for one instruction set with its own flags: nothing here or below it may
// be an inline function that other sources share, unless its name carries the Target. The compiler turns the loops into
// vector code. Orders up to GG_KERNEL_DEPTH are served here, higher ones by cpu/elementwise_dispatch.h.
#pragma once

#include "core/pack_pair.h"
#include "cpu/elementwise_loops.h"

#ifndef GG_KERNEL_DEPTH
#define GG_KERNEL_DEPTH 3
#endif

namespace gg::cpu {

namespace detail {

template <class F, class Target>
GG_HD F functor_at(const void* functor) {
  if constexpr (std::is_empty_v<F>) {
    return F{};
  } else {
    return *static_cast<const F*>(functor);
  }
}

/// Whether loops of F may use packs: yes, unless it says `packs = false` because they are no faster with it.
template <class F>
consteval bool uses_packs() {
  if constexpr (requires { F::packs; }) return F::packs;
  return true;
}

/// The number type of loops of F over S: of the bulk, and of what is left at the end.
template <class F, class S, class Target>
using NumberOf =
    Real<typename std::conditional_t<uses_packs<F>(), WidePackOf<Target, S>, PackOf<void, S>>::type, Target>;
template <class F, class S, class Target>
using LastNumberOf =
    Real<typename std::conditional_t<uses_packs<F>(), PackOf<Target, S>, PackOf<void, S>>::type, Target>;

/// out[i] = fn(in[i]…), fn being generic in its number type: in vectors, by packs where the target has them and by the
/// compiler where not.
template <class F, class S, class Target, class Fn, class... In>
GG_HD void map(int64_t n, void* out, const Fn& fn, const In*... in) {
  using R = NumberOf<F, S, Target>;
  using P = decltype(R::value);
  S* y = static_cast<S*>(out);
  if constexpr (math::is_pack<P>) {
    using Last = LastNumberOf<F, S, Target>;
    using Narrow = decltype(Last::value);
    int64_t i = 0;
    for (; i + P::lanes <= n; i += P::lanes) fn(R(P::load(static_cast<const S*>(in) + i))...).value.store(y + i);
    for (; i < n; i += Narrow::lanes) {
      const int count = n - i < Narrow::lanes ? static_cast<int>(n - i) : Narrow::lanes;
      fn(Last(Narrow::load(static_cast<const S*>(in) + i, count))...).value.store(y + i, count);
    }
  } else {
#pragma GCC ivdep
    for (int64_t i = 0; i < n; ++i) y[i] = fn(R(static_cast<const S*>(in)[i])...).value;
  }
}

template <class F, class S, class Target>
void unary_value(int64_t n, void* out, const void* const* in, const void* functor) {
  const F f = functor_at<F, Target>(functor);
  map<F, S, Target>(
      n, out, [&](auto x) GG_LAMBDA { return f.f(x); }, in[0]);
}

template <class F, class S, class Target, int K>
void unary_derivative(int64_t n, void* out, const void* const* in, const void* functor) {
  const F f = functor_at<F, Target>(functor);
  map<F, S, Target>(
      n, out, [&]<class R>(R g, R x) GG_LAMBDA { return g * f.f(Jet<R, K>::variable(x)).c[K]; }, in[0], in[1]);
}

template <class F, class S, class Target, int K>
void output_derivative(int64_t n, void* out, const void* const* in, const void* functor) {
  const F f = functor_at<F, Target>(functor);
  map<F, S, Target>(
      n, out, [&]<class R>(R g, R y) GG_LAMBDA { return g * f.df(Jet<R, K>::variable(y)).c[K]; }, in[0], in[1]);
}

template <class F, class S, class Target>
void binary_value(int64_t n, void* out, const void* const* in, const void* functor) {
  const F f = functor_at<F, Target>(functor);
  map<F, S, Target>(
      n, out, [&](auto a, auto b) GG_LAMBDA { return f.f(a, b); }, in[0], in[1]);
}

template <class F, class S, class Target, int I, int J>
void binary_derivative(int64_t n, void* out, const void* const* in, const void* functor) {
  const F f = functor_at<F, Target>(functor);
  map<F, S, Target>(
      n, out,
      [&]<class R>(R g, R a, R b) GG_LAMBDA {
        using Inner = Jet<R, J>;
        using Outer = Jet<Inner, I>;
        return g * f.f(Outer::variable(Inner(a)), Outer(Inner::variable(b))).c[I].c[J];
      },
      in[0], in[1], in[2]);
}

/// Up to which order F gets vector loops over S: two for double, which training does not use, since each further order
/// takes as long to compile as all before it. A functor whose high orders take long to compile and are rarely used
/// limits itself by `vector_depth`; one with an output derivative is differentiated through that.
template <class F, class S>
consteval int vector_depth() {
  int depth = sizeof(S) == 8 && GG_KERNEL_DEPTH > 2 ? 2 : GG_KERNEL_DEPTH;
  if constexpr (requires { F::vector_depth; }) depth = F::vector_depth < depth ? F::vector_depth : depth;
  if constexpr (HasOutputDerivative<F>) depth = depth < 2 ? depth : 2;
  return depth;
}

template <class F, class Target>
struct UnaryTable {
  static constexpr auto facts = dependency_of<F>();
  static constexpr auto output_facts = output_dependency_of<F>();

  template <class S, int K>
  static consteval ElementwiseLoop by_input() {
    if constexpr (K == 0) {
      return &unary_value<F, S, Target>;
    } else if constexpr (K <= vector_depth<F, S>() && !facts.partial(K).vanishes) {
      return &unary_derivative<F, S, Target, K>;
    } else {
      return nullptr;
    }
  }
  template <class S, int K>
  static consteval ElementwiseLoop by_output() {
    if constexpr (K < (sizeof(S) == 8 ? 2 : GG_KERNEL_DEPTH) && !output_facts.partial(K).vanishes) {
      return &output_derivative<F, S, Target, K>;
    } else {
      return nullptr;
    }
  }
  static consteval UnaryLoops make() {
    UnaryLoops t{};
    static_for<kMaxOrder + 1>([&]<int K>() {
      t.by_input[0][K] = by_input<float, K>();
      t.by_input[1][K] = by_input<double, K>();
      t.input_facts[K] = facts.partial(K);
    });
    static_for<kMaxOrder>([&]<int K>() {
      t.by_output[0][K] = by_output<float, K>();
      t.by_output[1][K] = by_output<double, K>();
      t.output_facts[K] = output_facts.partial(K);
    });
    t.has_output_derivative = HasOutputDerivative<F>;
    return t;
  }
};

template <class F, class Target>
struct BinaryTable {
  static constexpr auto facts = dependency_of<F>();

  template <class S, int I, int J>
  static consteval ElementwiseLoop partial() {
    if constexpr (I + J == 0) {
      return &binary_value<F, S, Target>;
    } else if constexpr (I + J <= vector_depth<F, S>() && !facts.partial(I, J).vanishes) {
      return &binary_derivative<F, S, Target, I, J>;
    } else {
      return nullptr;
    }
  }
  static consteval BinaryLoops make() {
    BinaryLoops t{};
    static_for<kMaxOrder + 1>([&]<int I>() {
      static_for<kMaxOrder + 1 - I>([&]<int J>() {
        t.partial[0][I][J] = partial<float, I, J>();
        t.partial[1][I][J] = partial<double, I, J>();
        t.facts[I][J] = facts.partial(I, J);
      });
    });
    return t;
  }
};

template <class F, class Target>
consteval auto make_table() {
  if constexpr (UnaryFunctor<F>) {
    return UnaryTable<F, Target>::make();
  } else {
    return BinaryTable<F, Target>::make();
  }
}

}  // namespace detail

template <class F, class Target>
constinit const typename detail::TableOf<F>::Type ElementwiseKernels<F, Target>::table =
    detail::make_table<F, Target>();

}  // namespace gg::cpu
