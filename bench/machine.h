// What was measured, and on what machine.
#pragma once

#include <map>
#include <string>

namespace gg::bench {

/// By name: date, processor, logical CPUs, memory, system, compiler, versions. What this machine does not tell is left
/// out.
std::map<std::string, std::string> machine_facts();

}  // namespace gg::bench
