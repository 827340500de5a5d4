#include "core/tensor_map.h"

namespace gg {

void merge(TensorMap& to, std::string_view prefix, const TensorMap& from) {
  for (const auto& [name, tensor] : from) {
    bool fresh = to.emplace(str(prefix, name), tensor).second;
    GG_CHECK(fresh, "merge: there already is a tensor named '", prefix, name, "'; give each part a prefix of its own");
  }
}

TensorMap part(const TensorMap& map, std::string_view prefix) {
  TensorMap found;
  for (auto it = map.lower_bound(std::string(prefix)); it != map.end() && it->first.starts_with(prefix); ++it) {
    found.emplace(it->first.substr(prefix.size()), it->second);
  }
  return found;
}

}  // namespace gg
