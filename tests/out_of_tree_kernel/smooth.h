// smooth: out[i] = (x[i-1] + x[i] + x[i+1]) / 3 for float32 vectors; beyond the ends of x there are zeros.
#pragma once

#include "core/array.h"
#include "cuda/device_api.h"

namespace gg::cpu {
void smooth(Array out, Array x);
}
GG_DEVICE_API(void smooth(gg::Array out, gg::Array x);)  // the same as gg::cuda::smooth and gg::emulated::smooth
