// Copies between layouts and element types, and simple fills.
#pragma once

#include "core/array.h"

namespace gg::cpu {

/// out = x, for equal shapes, any strides (those of x may be 0), any element types, which convert as core/convert.h has
/// it: from floating to int64 towards zero, NaN to 0, and beyond its range to its ends. The arrays must not overlap.
void copy(Array out, Array x);

/// Every element becomes `value`, converted in the same way.
void fill(Array out, double value);
void fill(Array out, int64_t value);
inline void fill(Array out, int value) { fill(out, static_cast<int64_t>(value)); }

/// out[i] = start + i · step along the only axis, computed in the type of the arguments and converted; bool is refused.
void arange(Array out, double start, double step);
void arange(Array out, int64_t start, int64_t step);

}  // namespace gg::cpu
