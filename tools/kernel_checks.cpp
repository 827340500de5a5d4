#include "tools/kernel_checks.h"

#include <algorithm>
#include <map>
#include <set>

namespace gg::tools {
namespace {

int count_of(const std::map<int, int>& accesses, int bytes) {
  const auto found = accesses.find(bytes);
  return found == accesses.end() ? 0 : found->second;
}

}  // namespace

std::vector<std::string> resource_problems(const std::vector<KernelObject>& objects) {
  std::vector<std::string> problems;
  std::set<std::string> architectures;
  for (const KernelObject& object : objects) {
    for (const PtxasFacts& k : object.ptxas) architectures.insert(k.architecture);
  }
  size_t kernels = 0;
  for (const KernelObject& object : objects) {
    const auto say = [&](const std::string& what) { problems.push_back(object.path + ": " + what); };
    if (!object.has_log) say("has no log of ptxas beside it; delete the object and build again");
    if (object.log_is_older) say("is newer than its log of ptxas; delete it and build again");
    if (!object.has_ptx) say("holds no readable PTX, so its kernels cannot be counted; build with -DGG_BUILD_TESTS=ON");
    std::set<std::pair<std::string, std::string>> seen;
    for (const PtxasFacts& k : object.ptxas) {
      seen.insert({k.kernel, k.architecture});
      const std::string name = demangled(k.kernel) + " for " + k.architecture;
      if (k.spill_stores + k.spill_loads > 0) {
        say(name + " spills registers: " + std::to_string(k.spill_stores) + " bytes stored, " +
            std::to_string(k.spill_loads) + " loaded");
      }
      if (k.shared_bytes > kMostSharedBytes) {
        say(name + " has " + std::to_string(k.shared_bytes) + " bytes of static shared memory, more than " +
            std::to_string(kMostSharedBytes));
      }
    }
    kernels += seen.size();
    for (const PtxFacts& k : object.ptx) {
      if (architectures.empty()) say(demangled(k.kernel) + " is in no log of ptxas");
      for (const std::string& architecture : architectures) {
        if (!seen.count({k.kernel, architecture})) {
          say(demangled(k.kernel) + " is not in its log of ptxas for " + architecture);
        }
      }
    }
  }
  if (kernels == 0) problems.push_back("the logs of ptxas name no kernel at all");
  return problems;
}

int size_of_type(const std::string& type) {
  static const std::map<std::string, int> sizes = {
      {"float", 4}, {"double", 8}, {"long", 8},         {"unsigned long", 8}, {"unsigned char", 1},
      {"bool", 1},  {"int", 4},    {"unsigned int", 4}, {"short", 2},         {"unsigned short", 2}};
  const auto found = sizes.find(type);
  return found == sizes.end() ? 0 : found->second;
}

std::vector<std::string> vector_problems(const std::vector<KernelObject>& objects) {
  std::vector<std::string> problems;
  size_t kernels = 0;
  for (const KernelObject& object : objects) {
    for (const PtxFacts& k : object.ptx) {
      const KernelName name = kernel_name(k.kernel);
      if (name.function != "elementwise_kernel" || name.arguments.size() < 2) continue;
      ++kernels;
      const auto say = [&](const std::string& what) {
        problems.push_back(object.path + ": " + demangled(k.kernel) + what);
      };
      // Arguments: the functor, the output's element type, the inputs'.
      std::vector<int> sizes;
      for (size_t i = 1; i < name.arguments.size(); ++i) sizes.push_back(size_of_type(name.arguments[i]));
      const int widest = *std::max_element(sizes.begin(), sizes.end());
      if (std::count(sizes.begin(), sizes.end(), 0)) {
        say(" has an element type that tools/kernel_checks.cpp does not know");
        continue;
      }
      const int width = widest <= 2 ? 8 : 16 / widest;  // pack_width of cuda/elementwise.h
      if (count_of(k.stores, width * sizes[0]) == 0) {
        say(" has no store of " + std::to_string(width * sizes[0]) + " bytes");
      }
      // An input that the formula does not need is not read at all. Each other one is read in packs, and for arrays
      // that do not allow it one by one, or once for all of a pack.
      for (int size : std::set<int>(sizes.begin() + 1, sizes.end())) {
        int single = count_of(k.loads, size);
        for (size_t i = 1; i < sizes.size(); ++i) single -= sizes[i] != size && width * sizes[i] == size;  // packs
        const int packs = count_of(k.loads, width * size);
        const int inputs = (single + width) / (width + 1);
        if (packs < inputs) {
          say(" reads " + std::to_string(inputs) + " inputs of " + std::to_string(size) +
              " bytes an element, but only " + std::to_string(packs) + " in packs of " + std::to_string(width * size) +
              " bytes");
        }
      }
    }
  }
  if (kernels == 0) problems.push_back("there is no elementwise kernel in the objects");
  return problems;
}

}  // namespace gg::tools
