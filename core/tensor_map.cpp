#include "core/tensor_map.h"

namespace gg {

void merge(TensorMap& to, std::string_view prefix, const TensorMap& from) {
  for (const auto& [name, tensor] : from) {
    bool fresh = to.emplace(str(prefix, name), tensor).second;
    GG_CHECK(fresh, "merge: there already is a tensor named '", prefix, name, "'; give each part a prefix of its own");
  }
}

std::string misfits(const TensorMap& own, const TensorMap& state, bool strict) {
  std::string problems;
  for (const auto& [name, t] : own) {
    auto it = state.find(name);
    if (it == state.end()) {
      if (strict) problems += "\n  missing: " + name;
    } else if (!it->second.defined()) {
      problems += "\n  undefined: " + name;
    } else if (it->second.shape() != t.shape() || it->second.dtype() != t.dtype()) {
      problems += str("\n  wrong: ", name, ": expected ", t.dtype(), " ", t.shape(), ", got ", it->second.dtype(), " ",
                      it->second.shape());
    }
  }
  for (const auto& [name, t] : state) {
    if (strict && !own.contains(name)) problems += "\n  unexpected: " + name;
  }
  return problems;
}

TensorMap part(const TensorMap& map, std::string_view prefix) {
  TensorMap found;
  for (auto it = map.lower_bound(std::string(prefix)); it != map.end() && it->first.starts_with(prefix); ++it) {
    found.emplace(it->first.substr(prefix.size()), it->second);
  }
  return found;
}

}  // namespace gg
