// What the machine can do at all: everything else is read against it.
#pragma once

#include <algorithm>

#include "bench/measure.h"
#include "core/device.h"

namespace gg::bench {

struct Limits {
  double fma = 0;     ///< multiply-adds count twice: FLOP/s of independent f32 FMAs in registers
  double copy = 0;    ///< bytes/s of c = a on arrays of 128 MiB, read and written bytes, past the caches
  double triad = 0;   ///< bytes/s of c = a + s·b on them, past the caches
  double update = 0;  ///< bytes/s of a = s·a
  const char* isa = "";

  /// bytes/s of whatever moves them fastest.
  double memory() const { return std::max({copy, triad, update}); }
};

/// With all of `settings.threads` at once. Uses the widest vectors that the processor has.
Limits measure_limits(const Settings& settings);

/// Of a device: bytes/s, read and written, of its driver's own copy of a large array.
double measure_copy(Device device, const Settings& settings);

}  // namespace gg::bench
