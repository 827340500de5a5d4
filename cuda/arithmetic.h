// Sums and products on a device; f32 and f64, any layout, inputs broadcast by strides.
#pragma once

#include "core/array.h"
#include "cuda/device_api.h"

GG_DEVICE_API(void add(const gg::Array& out, const gg::Array* ins);  ///< two inputs, as all of these
              void sub(const gg::Array& out, const gg::Array* ins);
              void mul(const gg::Array& out, const gg::Array* ins);)
