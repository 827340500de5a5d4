#include "cuda/emulator/shared_memory.h"

#include <cstdlib>
#include <cstring>

#include "cuda/emulator/sanitizers.h"

namespace gg::emulator {
namespace {
constexpr size_t kRedZone = 128;
constexpr unsigned char kRedZoneByte = 0xa5;
constexpr size_t kArenaBytes = kSharedBytes + 64 * (2 * kRedZone) + kRedZone;
constexpr size_t kArenaAlignment = 256;
size_t round_up(size_t value, size_t to) { return (value + to - 1) / to * to; }
}  // namespace

SharedMemory::SharedMemory() { renew(); }

SharedMemory::~SharedMemory() {
  unpoison(arena_, kArenaBytes);
  std::free(arena_);
}

void SharedMemory::renew() {
  // A block's shared memory has nothing to do with the last block's: freeing and allocating tells ThreadSanitizer so.
  IgnoreAccesses ignore;
  if (arena_) unpoison(arena_, kArenaBytes);
  std::free(arena_);
  arena_ = static_cast<unsigned char*>(std::aligned_alloc(kArenaAlignment, round_up(kArenaBytes, kArenaAlignment)));
  if (!arena_) std::abort();  // 64 KiB; nothing can go on
  std::memset(arena_, kRedZoneByte, kArenaBytes);
  poison(arena_, kArenaBytes);
  fresh_ = true;
}

void SharedMemory::begin_block(size_t dynamic_bytes, unsigned char fill) {
  count_ = 0;
  used_ = kRedZone;
  payload_ = dynamic_bytes;
  dynamic_bytes_ = dynamic_bytes;
  fill_ = fill;
  if (has_thread_sanitizer()) fresh_ = false;
}

void* SharedMemory::find_or_add(const void* key, size_t bytes, size_t alignment, const char* name) {
  for (int i = 0; i < count_; ++i) {
    if (arrays_[i].key == key) return arena_ + arrays_[i].offset;
  }
  const bool is_dynamic = key == this;
  if (!is_dynamic) payload_ += bytes;
  if (count_ == kMaxArrays || payload_ > kSharedBytes) return nullptr;
  if (!fresh_) renew();
  IgnoreAccesses ignore;
  Array& array = arrays_[count_++];
  array = {key, name, round_up(used_, alignment < 16 ? 16 : alignment), bytes, 0};
  // The red zone begins at the very next byte: no rounding hides an index that is one too large.
  array.end = round_up(array.offset + bytes, 16) + kRedZone;
  used_ = array.end;
  unpoison(arena_ + array.offset, bytes);
  std::memset(arena_ + array.offset, fill_, bytes);
  return arena_ + array.offset;
}

const char* SharedMemory::end_block() {
  const char* damaged = nullptr;
  IgnoreAccesses ignore;
  for (int i = 0; i < count_; ++i) {
    const Array& array = arrays_[i];
    unpoison(arena_ + array.offset, array.end - array.offset);
    for (size_t at = array.offset + array.bytes; at < array.end; ++at) {
      if (arena_[at] != kRedZoneByte) damaged = array.name;
    }
    std::memset(arena_ + array.offset, kRedZoneByte, array.end - array.offset);
    poison(arena_ + array.offset, array.end - array.offset);
  }
  count_ = 0;
  return damaged;
}

}  // namespace gg::emulator
