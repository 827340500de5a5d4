#include "tools/kernel_facts.h"

#include <cxxabi.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <stdexcept>

namespace gg::tools {
namespace {

/// Calls fn(line) for each line of a text.
template <class Fn>
void for_each_line(std::string_view text, Fn fn) {
  while (!text.empty()) {
    const size_t end = text.find('\n');
    fn(text.substr(0, end));
    if (end == text.npos) return;
    text.remove_prefix(end + 1);
  }
}

/// The number before `what` in "… 64 bytes smem …"; 0 where it is not said.
int number_before(std::string_view line, std::string_view what) {
  const size_t at = line.find(what);
  if (at == line.npos || at == 0) return 0;
  size_t begin = at;
  while (begin > 0 && line[begin - 1] >= '0' && line[begin - 1] <= '9') --begin;
  return std::atoi(std::string(line.substr(begin, at - begin)).c_str());
}

/// What stands in the n-th pair of single quotes.
std::string quoted(std::string_view line, int n) {
  size_t begin = 0;
  for (int i = 0; i < 2 * n + 1; ++i) {
    begin = line.find('\'', begin);
    if (begin == line.npos) return {};
    ++begin;
  }
  return std::string(line.substr(begin, line.find('\'', begin) - begin));
}

/// Bytes of an access such as "ld.global.nc.v4.f32"; 0 if it is none to global memory. PTX addresses without a state
/// space may point anywhere, and count.
int access_bytes(std::string_view instruction, std::string_view kind) {
  std::vector<std::string_view> parts;
  while (!instruction.empty()) {
    const size_t dot = instruction.find('.');
    parts.push_back(instruction.substr(0, dot));
    if (dot == instruction.npos) break;
    instruction.remove_prefix(dot + 1);
  }
  if (parts.size() < 2 || parts.front() != kind) return 0;
  int lanes = 1;
  for (std::string_view part : parts) {
    if (part == "param" || part == "shared" || part == "local" || part == "const") return 0;
    if (part.substr(0, 7) == "shared:" || part.substr(0, 6) == "param:") return 0;
    if (part == "v2" || part == "v4" || part == "v8") lanes = part[1] - '0';
  }
  const int bits = std::atoi(std::string(parts.back().substr(1)).c_str());
  return lanes * bits / 8;
}

}  // namespace

std::vector<PtxasFacts> read_ptxas_log(std::string_view text) {
  std::vector<PtxasFacts> found;
  for_each_line(text, [&](std::string_view line) {
    if (line.find("Compiling entry function") != line.npos) {
      found.push_back({quoted(line, 0), quoted(line, 1)});
    } else if (found.empty()) {
      return;
    } else if (line.find("bytes stack frame") != line.npos) {
      PtxasFacts& k = found.back();
      k.stack_bytes += number_before(line, " bytes stack frame");
      k.spill_stores += number_before(line, " bytes spill stores");
      k.spill_loads += number_before(line, " bytes spill loads");
    } else if (line.find("Used ") != line.npos) {
      found.back().registers = number_before(line, " registers");
      found.back().shared_bytes = number_before(line, " bytes smem");
    }
  });
  return found;
}

std::vector<PtxFacts> read_ptx(std::string_view text) {
  std::vector<PtxFacts> found;
  bool in_kernel = false;
  for_each_line(text, [&](std::string_view line) {
    const size_t begin = line.find_first_not_of(" \t");
    if (begin == line.npos) return;
    line.remove_prefix(begin);
    constexpr std::string_view kEntry = ".entry ";
    if (const size_t at = line.find(kEntry); at != line.npos && line[0] == '.') {
      const std::string_view name = line.substr(at + kEntry.size());
      found.push_back({std::string(name.substr(0, name.find_first_of("( \t"))), 0, {}, {}, false});
      in_kernel = true;
    } else if (line[0] == '.' && line.find(".func ") != line.npos) {
      in_kernel = false;
    } else if (in_kernel && line.substr(0, 8) == ".maxntid") {
      int threads = 1;
      std::istringstream sizes{std::string(line.substr(8))};
      for (std::string size; std::getline(sizes, size, ',');) threads *= std::atoi(size.c_str());
      found.back().max_threads = threads;
    } else if (in_kernel) {
      if (line[0] == '@') line.remove_prefix(std::min(line.find_first_of(" \t"), line.size() - 1) + 1);  // a predicate
      const size_t first = line.find_first_not_of(" \t");
      if (first == line.npos) return;
      line.remove_prefix(first);
      const std::string_view instruction = line.substr(0, line.find_first_of(" \t;"));
      if (const int bytes = access_bytes(instruction, "ld")) ++found.back().loads[bytes];
      if (const int bytes = access_bytes(instruction, "st")) ++found.back().stores[bytes];
      const bool adds = instruction.substr(0, 5) == "atom." || instruction.substr(0, 4) == "red.";
      found.back().atomics |= adds && instruction.find(".shared") == instruction.npos;
    }
  });
  return found;
}

std::vector<std::string_view> ptx_texts(std::string_view bytes) {
  std::vector<std::string_view> texts;
  constexpr std::string_view kBegin = ".version ";
  for (size_t at = bytes.find(kBegin); at != bytes.npos; at = bytes.find(kBegin, at + 1)) {
    const std::string_view text = bytes.substr(at, bytes.find('\0', at) - at);
    if (text.find("\n.target sm_") != text.npos) texts.push_back(text);
  }
  return texts;
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error(path + ": cannot be read");
  return {std::istreambuf_iterator<char>(file), {}};
}

KernelObject read_kernel_object(const std::string& path) {
  namespace fs = std::filesystem;
  KernelObject object;
  object.path = path;
  const std::string bytes = read_file(path);
  for (std::string_view text : ptx_texts(bytes)) {
    object.has_ptx = true;
    for (PtxFacts& facts : read_ptx(text)) object.ptx.push_back(std::move(facts));
  }
  const std::string log = path + ".ptxas";
  object.has_log = fs::exists(log);
  if (object.has_log) {
    object.ptxas = read_ptxas_log(read_file(log));
    object.log_is_older = fs::last_write_time(log) < fs::last_write_time(path);
  }
  return object;
}

std::vector<KernelObject> read_kernel_objects(const std::string& list_path) {
  std::vector<KernelObject> objects;
  std::istringstream lines(read_file(list_path));
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty()) objects.push_back(read_kernel_object(line));
  }
  return objects;
}

std::string demangled(const std::string& name) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> text(abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status),
                                                    std::free);
  return text ? text.get() : name;
}

KernelName kernel_name(const std::string& mangled) {
  std::string text = demangled(mangled);
  // "void gg::cuda::name<arguments>(parameters)", or without arguments and what stands before the name.
  for (std::string_view hidden : {"(anonymous namespace)::", "(int)", "(bool)", "(unsigned int)"}) {
    for (size_t at = text.find(hidden); at != text.npos; at = text.find(hidden)) text.erase(at, hidden.size());
  }
  const size_t open = text.find_first_of("<(");
  const std::string head = text.substr(0, open);
  KernelName name;
  const size_t colon = head.find_last_of(": ");
  name.function = colon == head.npos ? head : head.substr(colon + 1);
  if (open == text.npos || text[open] != '<') return name;
  int depth = 0;
  std::string argument;
  for (size_t i = open; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '<' || c == '(') ++depth;
    if (c == '>' || c == ')') --depth;
    const bool ends = depth == 0 || (depth == 1 && c == ',');
    if (!ends && i > open && !(argument.empty() && c == ' ')) argument += c;
    if (ends) {
      while (!argument.empty() && argument.back() == ' ') argument.pop_back();
      name.arguments.push_back(argument);
      argument.clear();
    }
    if (depth == 0) break;
  }
  return name;
}

}  // namespace gg::tools
