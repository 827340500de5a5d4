// Generator: where random numbers come from. It is a seed and a counter (Philox 4x32-10, core/philox.h): number i of a
// draw is a function of (seed, counter + i) alone, so it is the same on every device and for any number of threads, and
// the two integers are all that a checkpoint must keep.
#pragma once

#include <cstdint>

#include "core/philox.h"

namespace gg {

class Generator {
 public:
  explicit Generator(uint64_t seed = 0) : seed_(seed) {}

  /// The place of one draw: what kernels are given. `stream` stays 0 here.
  using State = PhiloxState;

  State state() const { return {seed_, offset_, 0}; }
  void set_state(State s) {
    seed_ = s.seed;
    offset_ = s.offset;
  }
  /// Sets aside `blocks` blocks of four 32-bit numbers and says where they start.
  State reserve(uint64_t blocks) {
    State s = state();
    offset_ += blocks;
    return s;
  }

 private:
  uint64_t seed_;
  uint64_t offset_ = 0;
};

/// The generator that random operations use unless they are given one. Thread-local.
Generator& default_generator();

/// Seeds the calling thread's default generator and puts its counter to 0.
void manual_seed(uint64_t seed);

}  // namespace gg
