#include "cuda/emulator/fiber.h"

#include <sys/mman.h>

#include "core/error.h"
#include "cuda/emulator/sanitizers.h"

namespace gg::emulator {
namespace {
constexpr size_t kGuardBytes = 64 << 10;  // at least a page wherever pages are up to 64 KiB
// Only touched pages cost memory. Sanitized and unoptimised frames are large.
constexpr size_t kStackBytes = 256 << 10;
}  // namespace

Fiber::Fiber(void (*entry)(void*)) : entry_(entry), mapping_bytes_(kGuardBytes + kStackBytes) {
  mapping_ = mmap(nullptr, mapping_bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  GG_CHECK(mapping_ != MAP_FAILED, "CUDA emulator: no memory for the stack of one more thread (", mapping_bytes_,
           " bytes)");
  mprotect(mapping_, kGuardBytes, PROT_NONE);
  restart();
}

Fiber::~Fiber() {
  dismiss(context_);
  // The address sanitizer keeps its marks across munmap, and the next owner of these pages would be blamed for them.
  unpoison(static_cast<char*>(mapping_) + kGuardBytes, kStackBytes);
  munmap(mapping_, mapping_bytes_);
}

void Fiber::restart() { prepare(context_, static_cast<char*>(mapping_) + kGuardBytes, kStackBytes, entry_, this); }

}  // namespace gg::emulator
