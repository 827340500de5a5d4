#include "core/storage.h"

#include <new>

namespace gg {
namespace {
constexpr size_t kHeader = (sizeof(Storage) + kAlignment - 1) / kAlignment * kAlignment;
#ifdef GG_SANITIZED
constexpr size_t kInlineLimit = 0;  // separate blocks, so that sanitizers see every overrun
#else
constexpr size_t kInlineLimit = 8 << 10;
#endif
}  // namespace

Ref<Storage> Storage::create(size_t bytes, Device device) {
  if (device.is_cpu() && bytes <= kInlineLimit) {
    char* block = static_cast<char*>(allocate(kHeader + bytes, device));
    return Ref<Storage>::adopt(new (block) Storage(block + kHeader, bytes, device, true));
  }
  void* data = allocate(bytes, device);
  void* header = allocate_object(sizeof(Storage));
  return Ref<Storage>::adopt(new (header) Storage(data, bytes, device, false));
}

void Storage::release(Storage* s) noexcept {
  size_t bytes = s->bytes_;
  Device device = s->device_;
  if (s->inlined_) {
    s->~Storage();
    deallocate(s, kHeader + bytes, device);
    return;
  }
  deallocate(s->data_, bytes, device);
  s->~Storage();
  deallocate_object(s, sizeof(Storage));
}

}  // namespace gg
