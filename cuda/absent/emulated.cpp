// Stands in for the emulated context.cu in builds without GG_EMULATED.
#include "core/error.h"
#include "cuda/context.h"

namespace gg::emulated {
int device_count() noexcept { return 0; }
std::string why_unavailable() { return "emulated: this build has no emulator; configure with -DGG_EMULATED=ON"; }
std::string device_description() { fail(why_unavailable()); }
}  // namespace gg::emulated
