// Scratch memory for kernels: aligned blocks that a thread keeps for its next kernel.
#pragma once

#include <cstddef>
#include <cstdint>

namespace gg::cpu {

/// A block of at least `bytes` bytes, aligned to 64, uninitialised, given back to the thread at the end of the scope.
/// Several may live at once. Blocks above 64 MiB go back to the system.
class Scratch {
 public:
  explicit Scratch(size_t bytes);
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  template <class T>
  T* as() const {
    return static_cast<T*>(data_);
  }

 private:
  void* data_;
  size_t capacity_;
};

}  // namespace gg::cpu
