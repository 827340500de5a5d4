// The update rules of optimisers on a device, fused over all parameters of a call: the CPU's cpu/optimizer.h.
#pragma once

#include "core/optimizer_table.h"
#include "cuda/device_api.h"

GG_DEVICE_API(
    /// state[0] is the momentum buffer; not touched where momentum is 0. `step` is read by the call, not by the device.
    void sgd(const gg::OptimizerTable& table, const gg::SgdStep* step);
    /// state[0] is the running mean of the gradient's square; state[1], the momentum buffer, is not touched where
    /// momentum is 0, and state[2], the running mean of the gradient, where it is not centered.
    void rmsprop(const gg::OptimizerTable& table, const gg::RmsPropStep* step);
    /// state[0] and state[1] are the running means of the gradient and of its square.
    void adam(const gg::OptimizerTable& table, const gg::AdamStep* step);)
