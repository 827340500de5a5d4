// TensorMap: tensors by name, as state dicts and checkpoints keep them.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "core/tensor.h"

namespace gg {

using TensorMap = std::map<std::string, Tensor>;

/// Adds `from` to `to` under names that start with `prefix`: several state dicts in one file. Throws if a name is
/// taken.
void merge(TensorMap& to, std::string_view prefix, const TensorMap& from);

/// The tensors whose names start with `prefix`, without it.
TensorMap part(const TensorMap& map, std::string_view prefix);

/// How a state that was saved does not fit tensors of these names: a line, beginning with a line break, for each that
/// is undefined, or of another shape or type; where `strict` also for those that are missing or unexpected. Empty
/// where it fits.
std::string misfits(const TensorMap& own, const TensorMap& state, bool strict = true);

}  // namespace gg
