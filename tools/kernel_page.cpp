#include "tools/kernel_page.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <regex>
#include <set>
#include <sstream>
#include <stdexcept>
#include <tuple>

namespace gg::tools {
namespace {

/// A row of the table: instances of one kernel that work on the same element types.
struct Row {
  int instances = 0;
  int fewest_registers = 1 << 20, most_registers = 0;
  int shared_bytes = 0, spills = 0, threads = 0;
  double lowest = 1, highest = 0;  ///< occupancy
  std::set<int> widest_load, widest_store;
  bool atomics = false;
};

/// "softmax" of ".../softmax.cu.o", "activations" of ".../activations.cuda.cu.o".
std::string family_of(const std::string& path) {
  const std::string name = std::filesystem::path(path).filename().string();
  return name.substr(0, name.find('.'));
}

/// The element types among the template arguments: "f32", "f32, i64"; many are "mixed", none is "-".
std::string types_of(const KernelName& name) {
  static const std::pair<std::regex, const char*> kTypes[] = {
      {std::regex("\\bfloat\\b"), "f32"},
      {std::regex("\\bdouble\\b"), "f64"},
      {std::regex("\\bunsigned char\\b|\\bbool\\b"), "bool"},
      {std::regex("\\bunsigned (short|int|long)\\b"), "bits"},  // moved, not computed with
      {std::regex("(^|[^d] |[<(,])long\\b"), "i64"},
  };
  std::string text;
  for (const std::string& argument : name.arguments) text += argument + ",";
  std::string types;
  int found = 0;
  for (const auto& [pattern, type] : kTypes) {
    if (!std::regex_search(text, pattern)) continue;
    types += std::string(found++ ? ", " : "") + type;
  }
  return found > 2 ? "mixed" : found ? types : "-";
}

std::string range(int low, int high) {
  return low == high ? std::to_string(low) : std::to_string(low) + "-" + std::to_string(high);
}
std::string range(const std::set<int>& values) {
  return values.empty() ? "-" : range(*values.begin(), *values.rbegin());
}
std::string architecture_of(const std::vector<KernelObject>& objects) {
  for (const KernelObject& object : objects) {
    if (!object.ptxas.empty()) return object.ptxas.front().architecture;
  }
  return {};
}

int percent(double share) { return static_cast<int>(std::lround(100 * share)); }

}  // namespace

const OccupancyLimits* occupancy_limits(const std::string& architecture) {
  // "Technical specifications per compute capability", CUDA C++ Programming Guide 13.0.
  static constexpr int kKib = 1024;
  static constexpr OccupancyLimits kLimits[] = {
      {"sm_75", 1024, 16, 64 * kKib, 256, 0},      {"sm_80", 2048, 32, 164 * kKib, 128, kKib},
      {"sm_86", 1536, 16, 100 * kKib, 128, kKib},  {"sm_89", 1536, 24, 100 * kKib, 128, kKib},
      {"sm_90", 2048, 32, 228 * kKib, 128, kKib},  {"sm_100", 2048, 32, 228 * kKib, 128, kKib},
      {"sm_120", 1536, 24, 100 * kKib, 128, kKib},
  };
  for (const OccupancyLimits& limits : kLimits) {
    if (limits.architecture == architecture) return &limits;
  }
  return nullptr;
}

double theoretical_occupancy(const OccupancyLimits& limits, int block_threads, int registers, int shared_bytes) {
  if (block_threads <= 0 || registers <= 0) return 0;
  const auto up = [](int n, int unit) { return (n + unit - 1) / unit * unit; };
  const int block_warps = (block_threads + 31) / 32;
  int blocks = std::min(limits.blocks, limits.threads / 32 / block_warps);
  constexpr int kParts = 4, kPartRegisters = 65536 / kParts;
  blocks = std::min(blocks, kPartRegisters / up(32 * registers, 256) * kParts / block_warps);
  const int shared = up(shared_bytes + limits.reserved_shared, limits.shared_unit);
  if (shared > 0) blocks = std::min(blocks, limits.shared_bytes / shared);
  return static_cast<double>(blocks * block_warps * 32) / limits.threads;
}

std::map<std::string, std::string> declared_traffic(const std::string& source) {
  static const std::regex kernel(kKernelDeclaration);
  std::map<std::string, std::string> found;
  size_t begin = 0;
  for (std::sregex_iterator i(source.begin(), source.end(), kernel), end; i != end; ++i) {
    const std::string before = source.substr(begin, static_cast<size_t>(i->position()) - begin);
    begin = static_cast<size_t>(i->position() + i->length());
    std::string& text = found[(*i)[1]];
    constexpr std::string_view kMark = "// bytes: ";
    size_t at = before.rfind(kMark);
    if (at == before.npos) continue;
    // The comment may go on in the lines below.
    std::istringstream lines(before.substr(at + kMark.size()));
    std::string line;
    std::getline(lines, text);
    while (std::getline(lines, line) && line.rfind("// ", 0) == 0) text += line.substr(2);
  }
  return found;
}

std::map<std::string, std::string> declared_traffic_in(const std::string& folder) {
  std::map<std::string, std::string> all;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".cu" && entry.path().extension() != ".cuh") continue;
    for (const auto& [kernel, text] : declared_traffic(read_file(entry.path().string()))) {
      if (text.empty()) {
        throw std::runtime_error(entry.path().string() + ": " + kernel +
                                 " has no line such as \"// bytes: x + out, the least\" above it: what it moves, and "
                                 "the least that it could");
      }
      all[kernel] = text;
    }
  }
  return all;
}

std::string made_by(const std::vector<KernelObject>& objects, const std::string& compiler) {
  return " by " + compiler + " for " + architecture_of(objects);
}

std::string to_markdown(const KernelPage& page) {
  std::map<std::string, PtxFacts> ptx;
  for (const KernelObject& object : page.objects) {
    for (const PtxFacts& facts : object.ptx) ptx.emplace(facts.kernel, facts);
  }
  const std::string architecture = architecture_of(page.objects);
  const OccupancyLimits* limits = occupancy_limits(architecture);
  if (!limits) throw std::runtime_error("no occupancy limits are known for '" + architecture + "'");

  using Key = std::tuple<std::string, std::string, std::string>;  // kernel, family, types
  std::map<Key, Row> rows;
  int instances = 0;
  for (const KernelObject& object : page.objects) {
    const std::string family = family_of(object.path);
    for (const PtxasFacts& k : object.ptxas) {
      if (k.architecture != architecture) continue;
      const KernelName name = kernel_name(k.kernel);
      const PtxFacts& code = ptx[k.kernel];
      Row& row = rows[{name.function, family, types_of(name)}];
      ++row.instances;
      ++instances;
      row.fewest_registers = std::min(row.fewest_registers, k.registers);
      row.most_registers = std::max(row.most_registers, k.registers);
      row.shared_bytes = std::max(row.shared_bytes, k.shared_bytes);
      row.spills += k.spill_stores + k.spill_loads;
      row.threads = std::max(row.threads, code.max_threads);
      const double occupancy = theoretical_occupancy(*limits, code.max_threads, k.registers, k.shared_bytes);
      row.lowest = std::min(row.lowest, occupancy);
      row.highest = std::max(row.highest, occupancy);
      if (!code.loads.empty()) row.widest_load.insert(code.loads.rbegin()->first);
      if (!code.stores.empty()) row.widest_store.insert(code.stores.rbegin()->first);
      row.atomics |= code.atomics;
    }
  }

  std::ostringstream out;
  out << "# The CUDA kernels, as compiled\n\n"
      << "This page is generated: `cmake --build build/cuda --target kernel_page` writes it, and a test of `./run test "
         "cuda` compares\nit. "
      << instances << " kernels," << made_by(page.objects, page.compiler) << ".\n\n"
      << "- **reg**: registers a thread. **shared**: bytes of static shared memory a block. **spills**: bytes, and a "
         "test allows none.\n"
      << "- **occ.**: theoretical occupancy, the share of the " << limits->threads << " threads of a multiprocessor of "
      << architecture << " that can be\n  resident: whole blocks, limited by " << limits->blocks << " blocks, "
      << limits->shared_bytes / 1024 << " KiB of shared memory (static; dynamic comes on top) and 65,536\n"
      << "  registers, of which each quarter of the multiprocessor has 16,384 and a warp takes 32 · reg, rounded up to "
         "256.\n"
      << "- **load**, **store**: bytes of the widest access to global memory in the PTX; a test demands 16 of "
         "elementwise kernels\n  (8 for bool). Narrower ones are coalesced: neighbouring threads take neighbouring "
         "elements.\n"
      << "- **Bytes**, under each title: what a launch moves against the least possible, as its source declares it. x "
         "stands for\n  the bytes of an input, out for those of the output.\n\n"
      << "Ranges are over the template instances of a row; `+a` marks atomics.\n";

  std::string last;
  for (const auto& [key, row] : rows) {
    const auto& [kernel, family, types] = key;
    if (kernel != last) {
      const auto traffic = page.traffic.find(kernel);
      out << "\n## " << kernel << "\n\n";
      if (traffic != page.traffic.end()) out << "Bytes: " << traffic->second << "\n\n";
      out << "| from | types | kernels | block | reg | shared | spills | occ. % | load | store |\n"
          << "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|\n";
      last = kernel;
    }
    out << "| " << family << " | " << types << (row.atomics ? " +a" : "") << " | " << row.instances << " | "
        << row.threads << " | " << range(row.fewest_registers, row.most_registers) << " | " << row.shared_bytes << " | "
        << row.spills << " | " << range(percent(row.lowest), percent(row.highest)) << " | " << range(row.widest_load)
        << " | " << range(row.widest_store) << " |\n";
  }

  if (!page.steps.empty()) {
    out << "\n## Launches\n\n"
        << "One training step (`bench/training_steps.h`), counted on the emulated device; a test holds the limits that "
           "are set.\n\n"
        << "| step | kernels | calls of cuBLAS | together |\n|---|---:|---:|---:|\n";
    for (const StepLaunches& s : page.steps) {
      out << "| " << s.step << " | " << s.kernels << " | " << s.library_calls << " | " << s.kernels + s.library_calls
          << " |\n";
    }
  }
  return out.str();
}

}  // namespace gg::tools
