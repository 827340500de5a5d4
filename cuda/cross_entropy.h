// Cross-entropy of logits against classes on a device: the CPU's part of cpu/softmax.h.
#pragma once

#include "core/array.h"
#include "core/cross_entropy_options.h"
#include "cuda/device_api.h"

GG_DEVICE_API(
    /// loss [N] = -Σ target distribution · log_softmax(logits), logsumexp [N], logits [N, classes], target i64 [N], any
    /// strides. No reduction over N. The loss of a row whose target is neither a class nor ignore_index is NaN, and
    /// gg::Error follows when the host next waits for the device (cuda/faults.h).
    void cross_entropy_forward(gg::Array loss, gg::Array logsumexp, gg::Array logits, gg::Array target,
                               gg::SoftmaxCrossEntropyOptions o);

    /// dx [N, classes] = g [N] · (softmax(logits) - target distribution), with the logsumexp of the forward pass. Rows
    /// with wrong targets become NaN, and are reported as above.
    void cross_entropy_backward(gg::Array dx, gg::Array g, gg::Array logits, gg::Array logsumexp, gg::Array target,
                                gg::SoftmaxCrossEntropyOptions o);)
