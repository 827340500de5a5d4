// Softmax and its relatives over the last axis on a device: the CPU's cpu/softmax.h. f32 and f64, any strides; an
// output may be the input of its shape. Results repeat bit by bit, and a row's do not depend on the number of rows but
// where its elements lie apart.
#pragma once

#include "core/array.h"
#include "cuda/device_api.h"

GG_DEVICE_API(
    /// out = exp(x) / Σ exp(x). -inf gives exactly 0. A row with NaN or +inf, or of -inf alone, becomes NaN.
    void softmax_forward(gg::Array out, gg::Array x);

    /// dx = y · (g - Σ g·y), with y the output of softmax_forward.
    void softmax_backward(gg::Array dx, gg::Array g, gg::Array y);

    /// out = x - logsumexp(x); NaN rows as above.
    void log_softmax_forward(gg::Array out, gg::Array x);

    /// dx = g - exp(y) · Σ g, with y the output of log_softmax_forward.
    void log_softmax_backward(gg::Array dx, gg::Array g, gg::Array y);

    /// out [...] = log Σ exp(x) over the last axis of x [..., n]; -inf for rows of -inf alone and empty ones, +inf for
    /// rows with +inf.
    void logsumexp(gg::Array out, gg::Array x);)
