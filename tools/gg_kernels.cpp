// gg_kernels: what the compiler made of the CUDA kernels (kernel_facts.h), as checks and as a page.
#include <exception>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "bench/launch_count.h"
#include "tools/kernel_checks.h"
#include "tools/kernel_page.h"

namespace {

using namespace gg;
using namespace gg::tools;

constexpr const char* kUsage =
    R"(gg_kernels: what nvcc made of the kernels. LIST is a file that names objects, one a line.

  gg_kernels check LIST            fails if a kernel spills registers or has more than 48 KB of static shared memory,
                                   if an object has no log of ptxas, or if there is no kernel
  gg_kernels vectors LIST          fails if an elementwise kernel does not move 16 bytes at a time
  gg_kernels page LIST SOURCES COMPILER FILE
                                   writes the page about all kernels; SOURCES is the folder cuda/
  gg_kernels compare LIST SOURCES COMPILER FILE
                                   fails if FILE is not what `page` would write; 77 if FILE is of another compiler
                                   or architecture
)";

int report(const std::vector<std::string>& problems, const std::vector<KernelObject>& objects, const char* what) {
  for (const std::string& problem : problems) std::cerr << problem << "\n";
  if (!problems.empty()) return 1;
  size_t kernels = 0;
  for (const KernelObject& object : objects) kernels += object.ptx.size();
  std::cout << kernels << " kernels in " << objects.size() << " objects: " << what << "\n";
  return 0;
}

std::vector<StepLaunches> count_steps() {
  std::vector<StepLaunches> counts;
#if GG_WITH_EMULATED
  const auto count = [&](const char* name, const bench::TrainingStep& step) {
    optim::AdamW optimizer(step.parameters, {.lr = 1e-3});
    const bench::Launches launches = bench::count_launches(step, optimizer);
    counts.push_back({name, static_cast<int>(launches.kernels), static_cast<int>(launches.library_calls)});
  };
  count("MLP 784-512-512-10, batch 128, AdamW", bench::mlp_step(Device::emulated));
  count("VAE 784-400-20-400-784, batch 128, AdamW", bench::vae_step(Device::emulated));
  for (int parameters : {1, 50, 160, 1000}) {
    counts.push_back({"AdamW alone, " + std::to_string(parameters) + (parameters == 1 ? " parameter" : " parameters"),
                      static_cast<int>(bench::count_adamw_launches(parameters)), 0});
  }
#endif
  return counts;
}

int run(const std::vector<std::string>& arguments) {
  const std::string verb = arguments.empty() ? "" : arguments[0];
  const size_t wanted = verb == "check" || verb == "vectors" ? 2 : verb == "page" || verb == "compare" ? 5 : 0;
  if (wanted == 0 || arguments.size() != wanted) {
    std::cerr << kUsage;
    return 2;
  }
  const std::vector<KernelObject> objects = read_kernel_objects(arguments[1]);
  if (verb == "check") {
    return report(resource_problems(objects), objects, "no spills, no more than 48 KB of static shared memory");
  }
  if (verb == "vectors") return report(vector_problems(objects), objects, "elementwise ones move 16 bytes at a time");

  const std::string& file = arguments[4];
  if (verb == "compare" && read_file(file).find(made_by(objects, arguments[3])) == std::string::npos) {
    std::cout << file << " was not written for kernels" << made_by(objects, arguments[3]) << "\n";
    return 77;
  }
  const std::string text = to_markdown({objects, declared_traffic_in(arguments[2]), count_steps(), arguments[3]});
  if (verb == "compare") {
    if (read_file(file) == text) return 0;
    std::cerr << file << " is out of date; `cmake --build build/cuda --target kernel_page` writes it anew\n";
    return 1;
  }
  std::ofstream out(file, std::ios::binary);
  out << text;
  out.close();
  if (!out) throw std::runtime_error(file + ": cannot be written");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(std::vector<std::string>(argv + 1, argv + argc));
  } catch (const std::exception& error) {
    std::cerr << "gg_kernels: " << error.what() << "\n";
    return 1;
  }
}
