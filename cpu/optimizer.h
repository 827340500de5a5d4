// The update rules of optimisers on the CPU, fused over all parameters of a call.
#pragma once

#include "core/optimizer_table.h"

namespace gg::cpu {

/// state[0] is the momentum buffer; not touched where momentum is 0.
void sgd(const OptimizerTable& table, const SgdStep* step);
/// state[0] is the running mean of the gradient's square; state[1], the momentum buffer, is not touched where momentum
/// is 0, and state[2], the running mean of the gradient, where it is not centered.
void rmsprop(const OptimizerTable& table, const RmsPropStep* step);
/// state[0] and state[1] are the running means of the gradient and of its square.
void adam(const OptimizerTable& table, const AdamStep* step);

}  // namespace gg::cpu
