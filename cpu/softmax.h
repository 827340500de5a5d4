// Softmax and its relatives over the last axis, fused: one or two passes over each row, which stays in cache. f32 and
// f64, any strides. The maximum of a row is subtracted first, so nothing overflows for finite inputs.
#pragma once

#include "core/array.h"
#include "core/cross_entropy_options.h"

namespace gg::cpu {

/// out = exp(x) / Σ exp(x). A row with NaN or +inf, or of -inf alone, becomes NaN.
void softmax_forward(Array out, Array x);

/// dx = y · (g - Σ g·y), with y the output of softmax_forward.
void softmax_backward(Array dx, Array g, Array y);

/// out = x - logsumexp(x).
void log_softmax_forward(Array out, Array x);

/// dx = g - exp(y) · Σ g, with y the output of log_softmax_forward.
void log_softmax_backward(Array dx, Array g, Array y);

/// out [...] = log Σ exp(x) over the last axis of x [..., n]; -inf for rows of -inf alone and empty ones, +inf for rows
/// with +inf.
void logsumexp(Array out, Array x);

/// loss [N] = -Σ target distribution · log_softmax(logits), logsumexp [N], logits [N, classes], target i64 [N]. No
/// reduction over N. Throws where a target is neither a class nor ignore_index.
void cross_entropy_forward(Array loss, Array logsumexp, Array logits, Array target, SoftmaxCrossEntropyOptions o);

/// dx [N, classes] = g [N] · (softmax(logits) - target distribution), with the logsumexp of the forward pass.
void cross_entropy_backward(Array dx, Array g, Array logits, Array logsumexp, Array target,
                            SoftmaxCrossEntropyOptions o);

}  // namespace gg::cpu
