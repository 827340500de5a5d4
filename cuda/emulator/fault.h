// What a thread found wrong, noted without allocating (it may be deep in a kernel), and put into words afterwards.
#pragma once

#include <cstddef>
#include <string>

#include "cuda/emulator/site.h"
#include "cuda/emulator/vector_types.h"

namespace gg::emulator {

struct Fault {
  enum Kind {
    none,
    stuck,               // see the counts
    different_barriers,  // site, other_site
    different_warp_operations,
    lane_not_in_mask,  // mask, lane
    bad_width,         // width
    too_much_shared,   // array, bytes
    red_zone,          // array
    exception,         // array holds what()
  };
  Kind kind = none;
  Site site, other_site;
  unsigned mask = 0, arrived = 0;  // of a warp operation that never completes; mask 0: there is none
  int warp = 0, lane = 0, width = 0;
  int exited = 0, at_barrier = 0, threads = 0;
  size_t bytes = 0;
  char array[128] = {};
  vocabulary::uint3 block{}, thread{};
};

/// One sentence or two: the kernel, the place, what happened, what to look for.
std::string describe(const Fault& fault, const char* kernel);

}  // namespace gg::emulator
