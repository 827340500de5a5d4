#include "cuda/emulator/fault.h"

#include <cstdio>
#include <string_view>

#include "core/error.h"
#include "cuda/emulator/shared_memory.h"

namespace gg::emulator {
namespace {

/// As the repository names it: some builds hand the compiler paths that climb out of the build folder first.
std::string place(const Site& site) {
  std::string_view file = site.file ? site.file : "an unknown file";
  while (file.starts_with("../")) file.remove_prefix(3);
  return str(file, ":", site.line);
}

std::string index(const vocabulary::uint3& i) { return str("(", i.x, ",", i.y, ",", i.z, ")"); }

std::string hex(unsigned bits) {
  char text[16];
  std::snprintf(text, sizeof text, "0x%08x", bits);
  return text;
}

std::string stuck(const Fault& f) {
  std::string counts = str(" Of the block's ", f.threads, " threads ", f.exited, " have returned and ", f.at_barrier,
                           " wait at a block barrier.");
  if (f.mask != 0) {
    return str("warp operation at ", place(f.other_site), " never completes in warp ", f.warp, ": lane mask ",
               hex(f.mask), ", but only lanes ", hex(f.arrived), " came.", counts,
               " Let every lane of the mask reach it.");
  }
  return str(f.exited, " threads exited while ", f.at_barrier, " wait at the barrier ", place(f.site),
             ". Let every thread of the block reach every barrier, idle ones too.");
}

std::string what(const Fault& f) {
  switch (f.kind) {
    case Fault::none:
      return "no fault";
    case Fault::stuck:
      return stuck(f);
    case Fault::different_barriers:
      return str("threads of one block meet at different barriers: ", place(f.other_site), " and ", place(f.site),
                 ". Take the barrier out of the branch.");
    case Fault::different_warp_operations:
      return str("lanes named in one mask do different warp operations: ", place(f.other_site), " and ", place(f.site),
                 " (mask ", hex(f.mask), ").");
    case Fault::lane_not_in_mask:
      return str("lane ", f.lane, " calls the warp operation at ", place(f.site), " with mask ", hex(f.mask),
                 ", which does not name it.");
    case Fault::bad_width:
      return str("warp operation at ", place(f.site), " has width ", f.width, "; it must be 1, 2, 4, 8, 16 or 32.");
    case Fault::too_much_shared:
      return str("shared array '", f.array, "' of ", f.bytes, " bytes does not fit: a block has ", kSharedBytes,
                 " bytes for all its shared arrays.");
    case Fault::red_zone:
      return str("something was written past the end of shared array '", f.array, "'.");
    case Fault::exception:
      return str("the kernel threw an exception, which no GPU can: ", f.array);
  }
  return "unknown fault";
}

}  // namespace

std::string describe(const Fault& fault, const char* kernel) {
  std::string where = str("kernel ", kernel, ", block ", index(fault.block));
  if (fault.kind != Fault::red_zone && fault.kind != Fault::stuck) where += str(", thread ", index(fault.thread));
  return str(where, ": ", what(fault));
}

}  // namespace gg::emulator
