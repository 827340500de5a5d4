// A fiber: a context with a stack of its own (and a guard page below it), on which CUDA threads run one after another.
#pragma once

#include <cstddef>

#include "cuda/emulator/context_switch.h"

namespace gg::emulator {

class Fiber {
 public:
  /// The fiber will run entry(this) once it is switched to. Throws gg::Error if there is no memory for its stack.
  explicit Fiber(void (*entry)(void*));
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  Context& context() { return context_; }
  /// Forgets what it was doing and begins anew at the next switch.
  void restart();

  Fiber* next_idle = nullptr;  ///< for the scheduler's list

 private:
  void (*entry_)(void*);
  void* mapping_ = nullptr;
  size_t mapping_bytes_ = 0;
  Context context_;
};

}  // namespace gg::emulator
