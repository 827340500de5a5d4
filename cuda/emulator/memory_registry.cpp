#include "cuda/emulator/memory_registry.h"

#include <cstdlib>
#include <cstring>

#include "cuda/emulator/emulator.h"
#include "cuda/emulator/sanitizers.h"

namespace gg::emulator {

const MemoryRegistry::Blocks::value_type* MemoryRegistry::find(const Blocks& blocks, const void* p, size_t bytes) {
  const auto* address = static_cast<const char*>(p);
  auto after = blocks.upper_bound(address);
  if (after == blocks.begin()) return nullptr;
  const auto& block = *std::prev(after);
  const auto offset = static_cast<size_t>(address - block.first);
  return offset <= block.second && bytes <= block.second - offset ? &block : nullptr;
}

void* MemoryRegistry::allocate(size_t bytes) {
  if (bytes > options().memory_bytes - used_ || used_ > options().memory_bytes) return nullptr;
  void* p = nullptr;
  if (posix_memalign(&p, 256, bytes) != 0) return nullptr;  // the alignment that cudaMalloc promises
  std::memset(p, options().fill, bytes);
  device_.emplace(static_cast<const char*>(p), bytes);
  used_ += bytes;
  if (open_ == 0) poison(p, bytes);
  return p;
}

bool MemoryRegistry::free(void* p) {
  auto block = device_.find(static_cast<const char*>(p));
  if (block == device_.end()) return false;
  unpoison(p, block->second);
  used_ -= block->second;
  device_.erase(block);
  std::free(p);
  return true;
}

void* MemoryRegistry::allocate_pinned(size_t bytes) {
  void* p = nullptr;
  if (posix_memalign(&p, 4096, bytes) != 0) return nullptr;
  std::memset(p, options().fill, bytes);
  pinned_.emplace(static_cast<const char*>(p), bytes);
  return p;
}

bool MemoryRegistry::free_pinned(void* p) {
  if (pinned_.erase(static_cast<const char*>(p)) == 0) return false;
  std::free(p);
  return true;
}

MemoryRegistry::Open::Open(MemoryRegistry& registry) : registry_(registry) {
  if (registry_.open_++ > 0) return;
  for (const auto& [address, bytes] : registry_.device_) unpoison(address, bytes);
}

MemoryRegistry::Open::~Open() {
  if (--registry_.open_ > 0) return;
  for (const auto& [address, bytes] : registry_.device_) poison(address, bytes);
}

}  // namespace gg::emulator
