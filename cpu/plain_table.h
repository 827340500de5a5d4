// The table of plain loops for one instruction set: what cpu/plain_loops.h and cpu/plain_kernels.h share. It leaves out
// core/dtype.h, whose inline functions must not be compiled for a single instruction set.
#pragma once

#include "core/plain.h"
#include "cpu/elementwise_loops.h"

namespace gg::cpu {

using gg::Plain;

/// Indexed by static_cast<int>(DType).
struct PlainLoops {
  ElementwiseLoop binary[kPlainCount][4];
  ElementwiseLoop where[4];
  ElementwiseLoop cast[4][4];
};

template <class Target>
struct PlainKernels {
  static const PlainLoops table;  ///< defined in generated sources
};

}  // namespace gg::cpu
