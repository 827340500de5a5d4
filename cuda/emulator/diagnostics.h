// Where the parts of the emulator report what they found; emulator.h is how tests read it.
#pragma once

#include <string>

namespace gg::emulator {

/// Keeps the text for take_diagnostics().
void report(std::string text);

}  // namespace gg::emulator
