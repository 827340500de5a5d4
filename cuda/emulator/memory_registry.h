// Device memory: exact-size allocations that only kernels and copies may touch.
//
// Each allocation is filled with Options::fill and, under the address sanitizer, poisoned while host code runs, so that
// a host dereference of a device pointer is reported, and so is a kernel's access one byte past the end. The list of
// allocations also tells host pointers from device pointers. Not locked: the callers hold the device's lock.
#pragma once

#include <cstddef>
#include <map>
#include <set>

namespace gg::emulator {

class MemoryRegistry {
 public:
  /// Null if the device has no such amount left. `bytes` > 0.
  void* allocate(size_t bytes);
  /// False if `p` is not the beginning of an allocation.
  bool free(void* p);

  // The stream-ordered pool: leave() when the host gives a block back, free_to_pool() when the stream gets there. In
  // between, kernels that were started before may use it, and no new call may.

  void* allocate_from_pool(size_t bytes);
  bool leave(void* p);
  void free_to_pool(void* p);
  void free_leaving();
  void trim_pool() { pool_.clear(), pool_bytes_ = 0; }
  size_t leaving_bytes() const { return leaving_; }
  size_t pool_bytes() const { return pool_bytes_; }

  /// The same for page-locked host memory, which both sides may touch.
  void* allocate_pinned(size_t bytes);
  bool free_pinned(void* p);

  bool is_device(const void* p) const { return find(device_, p, 1) != nullptr; }
  bool is_pinned(const void* p) const { return find(pinned_, p, 1) != nullptr; }
  /// Whether a kernel may be given `p`. One past the end counts: an empty tail of an array is a legitimate argument.
  bool is_argument(const void* p) const { return find(device_, p, 0) || find(pinned_, p, 0); }
  /// Whether [p, p + bytes) lies within one device allocation.
  bool holds(const void* p, size_t bytes) const { return find(device_, p, bytes) != nullptr; }

  size_t used_bytes() const { return used_; }

  /// While at least one of these lives the device is working and its memory is open.
  class Open {
   public:
    explicit Open(MemoryRegistry& registry);
    ~Open();
    Open(const Open&) = delete;
    Open& operator=(const Open&) = delete;

   private:
    MemoryRegistry& registry_;
  };

 private:
  struct Block {
    size_t bytes;
    bool leaving = false;
  };
  using Blocks = std::map<const char*, Block>;
  /// The block that holds [p, p + bytes) and is not leaving, or null.
  static const Blocks::value_type* find(const Blocks& blocks, const void* p, size_t bytes);

  Blocks device_, pinned_;
  std::multiset<size_t> pool_;  // sizes of what the pool keeps; its memory goes back to the machine
  size_t used_ = 0, leaving_ = 0, pool_bytes_ = 0;
  int open_ = 0;
};

}  // namespace gg::emulator
