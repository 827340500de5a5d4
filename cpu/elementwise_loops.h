// The tables of elementwise loops: for each functor (ops/functors/) one loop per derivative and element type.
//
// Every loop has one shape, a contiguous run of elements; cpu/elementwise.h brings any layout into that form. The loops
// are compiled per instruction set (cpu/elementwise_kernels.h) by gradgrad_add_ops; the functions here return the table
// for the set picked at start (core/isa.h).
#pragma once

#include <stdint.h>

#include "core/functor.h"

namespace gg::cpu {

/// out[i] = function of in[0][i], in[1][i], … for i in [0, n). `out` may be the same memory as an input.
using ElementwiseLoop = void (*)(int64_t n, void* out, const void* const* in, const void* functor);

inline constexpr int kMaxOrder = gg::detail::kMaxJetOrder;

// First index of the tables: static_cast<int>(DType), that is 0 for f32 and 1 for f64.

struct UnaryLoops {
  /// [type][0]: out = f(in0). [type][k]: out = in0 · f⁽ᵏ⁾(in1). Null where the derivative vanishes identically.
  ElementwiseLoop by_input[2][kMaxOrder + 1];
  /// [type][k]: out = in0 · df⁽ᵏ⁾(in1), in1 being the output y = f(x). Null where it vanishes or F has no df.
  ElementwiseLoop by_output[2][kMaxOrder];
  Partial input_facts[kMaxOrder + 1];
  Partial output_facts[kMaxOrder];
  bool has_output_derivative;
};

struct BinaryLoops {
  /// [type][0][0]: out = f(in0, in1). [type][i][j]: out = in0 · ∂ⁱ⁺ʲf/∂aⁱ∂bʲ (in1, in2), i + j ≤ kMaxOrder. Null where
  /// the derivative vanishes identically.
  ElementwiseLoop partial[2][kMaxOrder + 1][kMaxOrder + 1];
  Partial facts[kMaxOrder + 1][kMaxOrder + 1];
};

namespace detail {
/// fn.template operator()<0>(), …, <Count - 1>().
template <int Count, int First = 0, class Fn>
constexpr void static_for(Fn fn) {
  if constexpr (First < Count) {
    fn.template operator()<First>();
    static_for<Count, First + 1>(fn);
  }
}

template <class F>
struct TableOf {
  using Type = BinaryLoops;
};
template <UnaryFunctor F>
struct TableOf<F> {
  using Type = UnaryLoops;
};
}  // namespace detail

/// The loops of F for one instruction set, without those above the vector depth. Defined in generated sources.
template <class F, class Target>
struct ElementwiseKernels {
  static const typename detail::TableOf<F>::Type table;
};

/// The table of F. Defined in sources that gradgrad_add_ops generates: a link error here means F is in no list.
template <class F>
const typename detail::TableOf<F>::Type& elementwise_loops();

template <UnaryFunctor F>
const UnaryLoops& unary_loops() {
  return elementwise_loops<F>();
}
template <BinaryFunctor F>
const BinaryLoops& binary_loops() {
  return elementwise_loops<F>();
}

}  // namespace gg::cpu
