// Kernels as the dispatch point (core/dispatch.h) calls them: on Arrays, with the CPU's signatures.
#pragma once

#include "core/array.h"
#include "cuda/device_api.h"

GG_DEVICE_API(
    /// Over the last axis, any layout; see cuda/softmax.h.
    void softmax_forward(gg::Array out, gg::Array x); void softmax_backward(gg::Array dx, gg::Array g, gg::Array y);)
