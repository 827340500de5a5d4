// Elementwise kernels on all devices, in tables: one for each functor, and one for the operations that are no functors.
// An operation takes its kernel from a table and passes it to run_elementwise (ops/elementwise_run.h), which picks the
// device. What is in the tables: cpu/elementwise_loops.h and cuda/elementwise.h.
#pragma once

#include "core/dtype.h"
#include "cpu/elementwise_loops.h"
#include "cuda/elementwise.h"

namespace gg {

/// One kernel, in as many places as it exists; null elsewhere.
struct ElementwiseKernel {
  cpu::ElementwiseLoop cpu = nullptr;
  DeviceKernel cuda = nullptr, emulated = nullptr;
};

// First index of the tables: static_cast<int>(DType), that is 0 for f32 and 1 for f64.

struct UnaryKernels {
  /// [type][0]: f(in0). [type][k]: in0 · f⁽ᵏ⁾(in1).
  ElementwiseKernel by_input[2][cpu::kMaxOrder + 1];
  /// [type][k]: in0 · df⁽ᵏ⁾(in1), in1 being the output y = f(x).
  ElementwiseKernel by_output[2][cpu::kMaxOrder];
  Partial input_facts[cpu::kMaxOrder + 1];
  Partial output_facts[cpu::kMaxOrder];
  bool has_output_derivative;
};

struct BinaryKernels {
  /// [type][0][0]: f(in0, in1). [type][i][j]: in0 · ∂ⁱ⁺ʲf/∂aⁱ∂bʲ (in1, in2).
  ElementwiseKernel partial[2][cpu::kMaxOrder + 1][cpu::kMaxOrder + 1];
  Partial facts[cpu::kMaxOrder + 1][cpu::kMaxOrder + 1];
};

/// The type of the table of F.
template <class F>
struct KernelsOf {
  using Type = BinaryKernels;
};
template <UnaryFunctor F>
struct KernelsOf<F> {
  using Type = UnaryKernels;
};

/// The kernels of F. Defined in sources that gradgrad_add_ops generates: a link error here means F is in no list.
template <class F>
const typename KernelsOf<F>::Type& elementwise_kernels();

/// The operations that are no functors (core/plain.h). Conversions are not here: they are copies (cpu/copy.h,
/// cuda/copy.h).
struct PlainKernels {
  ElementwiseKernel binary[kPlainCount][4];  ///< in0 op in1; the type is that of the inputs. Empty where there is none
  ElementwiseKernel where[4];                ///< in0 ? in1 : in2, in0 being bool
};
PlainKernels make_plain_kernels();
inline const PlainKernels& plain_kernels() {
  static const PlainKernels table = make_plain_kernels();
  return table;
}

inline const ElementwiseKernel& plain_kernel(Plain op, DType type) {
  return plain_kernels().binary[static_cast<int>(op)][static_cast<int>(type)];
}
inline const ElementwiseKernel& where_kernel(DType type) { return plain_kernels().where[static_cast<int>(type)]; }

}  // namespace gg
