// What the compiler made of the CUDA kernels: read from ptxas' statements, which cmake/keep_ptxas_log.sh keeps beside
// each object, and from the PTX inside the objects. Needs neither CUDA nor a GPU.
// Read next: kernel_checks.h for what must hold of it, kernel_page.h for the page that shows it.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace gg::tools {

/// One kernel for one architecture, as ptxas reports it. Functions that it calls are included.
struct PtxasFacts {
  std::string kernel;        ///< mangled
  std::string architecture;  ///< "sm_75"
  int registers = 0;
  int shared_bytes = 0;  ///< static
  int stack_bytes = 0;
  int spill_stores = 0, spill_loads = 0;  ///< bytes
};
std::vector<PtxasFacts> read_ptxas_log(std::string_view text);

/// One kernel of a PTX text: how often it has an access to global memory of so many bytes (key), in one instruction.
struct PtxFacts {
  std::string kernel;   ///< mangled
  int max_threads = 0;  ///< of a block; 0 where the kernel does not say
  std::map<int, int> loads, stores;
  bool atomics = false;
};
std::vector<PtxFacts> read_ptx(std::string_view text);

/// The PTX texts in the bytes of an object or program; none where they are compressed.
std::vector<std::string_view> ptx_texts(std::string_view bytes);

/// One object file with its log.
struct KernelObject {
  std::string path;
  std::vector<PtxasFacts> ptxas;
  std::vector<PtxFacts> ptx;
  bool has_log = false;
  bool log_is_older = false;  ///< than the object: something else wrote the object
  bool has_ptx = false;       ///< readable PTX, be it of no kernel
};
/// Reads `path` and `path`.ptxas. Throws std::runtime_error if there is no such object.
KernelObject read_kernel_object(const std::string& path);
/// Reads all objects that a text file lists, one a line.
std::vector<KernelObject> read_kernel_objects(const std::string& list_path);

std::string read_file(const std::string& path);

/// "gg::cuda::gather_kernel<float>(…)" of a mangled name.
std::string demangled(const std::string& name);

/// What a kernel looks like in a source text, as a std::regex; group 1 is its name.
inline constexpr const char* kKernelDeclaration = "__global__[^;{]*?\\bvoid\\b[^;{]*?(\\w+_kernel)\\s*\\(";

/// A kernel's name and template arguments.
struct KernelName {
  std::string function;                ///< without namespaces: "elementwise_kernel"
  std::vector<std::string> arguments;  ///< of its template
};
KernelName kernel_name(const std::string& mangled);

}  // namespace gg::tools
