#include "train/checkpoint.h"

#include <set>

namespace gg::train {
namespace {

void check_names(const std::vector<Part>& parts) {
  std::set<std::string> seen;
  for (const Part& p : parts) {
    GG_CHECK(!p.name.empty() && p.name.find('.') == std::string::npos, "checkpoint: '", p.name,
             "' is no name for a part: expected some text without dots");
    GG_CHECK(seen.insert(p.name).second, "checkpoint: there are two parts named '", p.name, "'");
  }
}

}  // namespace

void save_checkpoint(const std::filesystem::path& path, const std::vector<Part>& parts,
                     const std::map<std::string, std::string>& metadata) {
  check_names(parts);
  TensorMap tensors;
  for (const Part& p : parts) merge(tensors, p.name + ".", p.state_dict());
  data::save_safetensors(path, tensors, metadata);
}

void load_checkpoint(const data::Safetensors& file, const std::vector<Part>& parts) {
  check_names(parts);
  size_t claimed = 0;
  for (const Part& p : parts) {
    TensorMap own = part(file.tensors, p.name + ".");
    claimed += own.size();
    try {
      p.load_state_dict(own);
    } catch (const Error& error) {
      throw Error(str(p.name, ": ", error.what()));
    }
  }
  GG_CHECK(claimed == file.tensors.size(), "it holds ", file.tensors.size() - claimed,
           " tensors that belong to none of the parts asked for");
}

}  // namespace gg::train
