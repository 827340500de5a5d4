// Elementwise loops that are no functors: sums, products, comparisons, selection and conversion, for every element type
// they make sense for. Run them with cpu/elementwise.h; `functor` is not used.
#pragma once

#include "core/dtype.h"
#include "cpu/plain_table.h"

namespace gg::cpu {

/// out = in0 op in1. `type` is that of the inputs. Null where the operation does not exist for it.
ElementwiseLoop plain_loop(Plain op, DType type);

/// out = in0 ? in1 : in2, in0 being bool and the others of `type`.
ElementwiseLoop where_loop(DType type);

/// out = in0 converted, as core/convert.h has it.
ElementwiseLoop cast_loop(DType from, DType to);

}  // namespace gg::cpu
