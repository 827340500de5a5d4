// Defines elementwise_loops<F>(): the vector loops of the instruction set in use, completed by slow loops for the
// orders above their depth. Included by generated sources only, which hold the explicit instantiations and are compiled
// with the flags of the rest of the library.
//
// The slow loops serve any functor and any order up to 8 on every machine: one pass over the functor with a DeepJet
// gives all derivatives, and the thin functions below only say which one to take.
#pragma once

#include "core/deep_jet.h"
#include "core/isa.h"
#include "cpu/elementwise_loops.h"

namespace gg::cpu {
namespace detail {

template <class F>
struct DeepKernels {
  template <class S, int K>
  static void by_input(int64_t n, void* out, const void* const* in, const void* functor) {
    run<S>(n, out, in, functor, false, K);
  }
  template <class S, int K>
  static void by_output(int64_t n, void* out, const void* const* in, const void* functor) {
    run<S>(n, out, in, functor, true, K);
  }
  template <class S, int I, int J>
  static void partial(int64_t n, void* out, const void* const* in, const void* functor) {
    run_binary<S>(n, out, in, functor, I, J);
  }

 private:
  template <class S>
  [[gnu::noinline]] static void run(int64_t n, void* out, const void* const* in, const void* functor, bool of_output,
                                    int order) {
    const F f = functor_at(functor);
    const S *g = static_cast<const S*>(in[0]), *x = static_cast<const S*>(in[1]);
    S* y = static_cast<S*>(out);
    for (int64_t i = 0; i < n; ++i) {
      y[i] = static_cast<S>(static_cast<double>(g[i]) * derivative(f, x[i], of_output, order));
    }
  }
  [[gnu::noinline]] static double derivative(const F& f, double x, bool of_output, int order) {
    auto v = DeepJet<1>::variable(x, 0);
    if constexpr (HasOutputDerivative<F>) {
      if (of_output) return f.df(v).partial(order);
    }
    return f.f(v).partial(order);
  }
  template <class S>
  [[gnu::noinline]] static void run_binary(int64_t n, void* out, const void* const* in, const void* functor,
                                           int order_a, int order_b) {
    const F f = functor_at(functor);
    const S *g = static_cast<const S*>(in[0]), *a = static_cast<const S*>(in[1]), *b = static_cast<const S*>(in[2]);
    S* y = static_cast<S*>(out);
    for (int64_t i = 0; i < n; ++i) {
      y[i] = static_cast<S>(static_cast<double>(g[i]) * derivative(f, a[i], b[i], order_a, order_b));
    }
  }
  [[gnu::noinline]] static double derivative(const F& f, double a, double b, int order_a, int order_b) {
    return f.f(DeepJet<2>::variable(a, 0), DeepJet<2>::variable(b, 1)).partial(order_a, order_b);
  }
  static F functor_at(const void* functor) {
    if constexpr (std::is_empty_v<F>) {
      return F{};
    } else {
      return *static_cast<const F*>(functor);
    }
  }
};

// Puts a general loop where there is no vector loop.
template <class Loop>
void fill(Loop& place, Loop general) {
  if (!place) place = general;
}

template <UnaryFunctor F>
UnaryLoops completed(UnaryLoops t) {
  using Deep = DeepKernels<F>;
  static_for<kMaxOrder + 1>([&]<int K>() {
    if (t.input_facts[K].vanishes) return;
    fill(t.by_input[0][K], &Deep::template by_input<float, K>);
    fill(t.by_input[1][K], &Deep::template by_input<double, K>);
  });
  if constexpr (HasOutputDerivative<F>) {
    static_for<kMaxOrder>([&]<int K>() {
      if (t.output_facts[K].vanishes) return;
      fill(t.by_output[0][K], &Deep::template by_output<float, K>);
      fill(t.by_output[1][K], &Deep::template by_output<double, K>);
    });
  }
  return t;
}

template <BinaryFunctor F>
BinaryLoops completed(BinaryLoops t) {
  using Deep = DeepKernels<F>;
  static_for<kMaxOrder + 1>([&]<int I>() {
    static_for<kMaxOrder + 1 - I>([&]<int J>() {
      if (t.facts[I][J].vanishes) return;
      fill(t.partial[0][I][J], &Deep::template partial<float, I, J>);
      fill(t.partial[1][I][J], &Deep::template partial<double, I, J>);
    });
  });
  return t;
}

template <class F>
const typename TableOf<F>::Type& vector_loops() {
  switch (isa()) {
#ifdef GG_HAS_AVX512
    case Isa::avx512:
      return ElementwiseKernels<F, Avx512>::table;
#endif
#ifdef GG_HAS_AVX2
    case Isa::avx2:
      return ElementwiseKernels<F, Avx2>::table;
#endif
    default:
      return ElementwiseKernels<F, Baseline>::table;
  }
}

}  // namespace detail

template <class F>
const typename detail::TableOf<F>::Type& elementwise_loops() {
  static const auto table = detail::completed<F>(detail::vector_loops<F>());
  return table;
}

}  // namespace gg::cpu
