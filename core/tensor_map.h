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

}  // namespace gg
