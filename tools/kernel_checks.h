// What must hold of the compiled kernels.
#pragma once

#include <string>
#include <vector>

#include "tools/kernel_facts.h"

namespace gg::tools {

/// Static shared memory that a block may have on any GPU without asking.
inline constexpr int kMostSharedBytes = 48 * 1024;

/// What is wrong, one sentence each: a spill, too much shared memory, objects without a log or with an older one,
/// kernels in an object that its log does not know for each of the architectures, or no kernel at all.
std::vector<std::string> resource_problems(const std::vector<KernelObject>& objects);

/// What is wrong with elementwise kernels: each must move packs of 16 bytes (cuda/elementwise.cuh), in one instruction
/// an operand. At least one kernel must be among the objects.
std::vector<std::string> vector_problems(const std::vector<KernelObject>& objects);

/// Size of a type as the demangler writes it; 0 for types that no kernel stores.
int size_of_type(const std::string& type);

}  // namespace gg::tools
