// The point at which a transform differentiates: how inputs become variables of their own, and how results let go of
// them again. For the files of this folder.
#pragma once

#include <span>

#include "core/tensor.h"

namespace gg::detail {

/// x as something gradients can be asked for: a node of its own, so that what f captured does not count as part of f,
/// whatever it depends on. The history and tangents of x stay behind it. Where x has no history, the walk of a later
/// backward() ends before this node, and computes nothing for it.
Tensor variable(const Tensor& x);

/// Whether y depends on anything that requires grad but these variables: then derivatives of y are worth recording.
bool depends_on_others(const Tensor& y, std::span<const Tensor> variables);

/// t without history, its tangents included, which stay.
Tensor without_history(const Tensor& t);

}  // namespace gg::detail
