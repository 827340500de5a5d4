// The shared memory of the running block: arrays laid out one after another with red zones between them.
//
// Everything a block gets is filled with the poison byte first, so that reading what was never written shows. Under the
// address sanitizer the red zones are poisoned and a stray access is reported at its line; in other builds they hold a
// pattern that is checked when the block ends, which finds stray writes.
#pragma once

#include <cstddef>

namespace gg::emulator {

/// What a block may have by default on every GPU since 2010, static and dynamic arrays together, in bytes.
inline constexpr size_t kSharedBytes = 48 << 10;

/// The array of this declaration (`key` is unique to it) in the running block. Called by GG_SHARED, from kernels.
void* shared_array(const void* key, size_t bytes, size_t alignment, const char* name);
/// The dynamic array of the running block, as large as the launch asked for. Called by GG_DYN_SHARED, from kernels.
void* dynamic_shared_array();

class SharedMemory {
 public:
  SharedMemory();
  ~SharedMemory();
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;

  /// A new block begins: no arrays, `dynamic_bytes` for the dynamic one.
  void begin_block(size_t dynamic_bytes, unsigned char fill);
  /// The block has ended. Returns the name of an array past whose end something was written, or null.
  const char* end_block();

  /// Null if the block has no room left.
  void* find_or_add(const void* key, size_t bytes, size_t alignment, const char* name);
  size_t dynamic_bytes() const { return dynamic_bytes_; }

 private:
  struct Array {
    const void* key;
    const char* name;
    size_t offset, bytes, end;  // [offset, offset + bytes) is the array's, [offset + bytes, end) its red zone
  };
  static constexpr int kMaxArrays = 64;

  void renew();

  unsigned char* arena_ = nullptr;
  bool fresh_ = false;  // whether this block has an arena without history
  Array arrays_[kMaxArrays];
  int count_ = 0;
  size_t used_ = 0;
  size_t payload_ = 0;
  size_t dynamic_bytes_ = 0;
  unsigned char fill_ = 0xff;
};

}  // namespace gg::emulator
