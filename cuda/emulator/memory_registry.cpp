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
  const auto& [size, leaving] = block.second;
  return !leaving && offset <= size && bytes <= size - offset ? &block : nullptr;
}

void* MemoryRegistry::allocate(size_t bytes) {
  const size_t taken = used_ + pool_bytes_;
  if (taken > options().memory_bytes || bytes > options().memory_bytes - taken) return nullptr;
  void* p = nullptr;
  if (posix_memalign(&p, 256, bytes) != 0) return nullptr;  // the alignment that cudaMalloc promises
  std::memset(p, options().fill, bytes);
  device_.emplace(static_cast<const char*>(p), Block{bytes});
  used_ += bytes;
  if (open_ == 0) poison(p, bytes);
  return p;
}

bool MemoryRegistry::free(void* p) {
  auto block = device_.find(static_cast<const char*>(p));
  if (block == device_.end()) return false;
  const auto [bytes, leaving] = block->second;
  unpoison(p, bytes);
  used_ -= bytes;
  if (leaving) leaving_ -= bytes;
  device_.erase(block);
  std::free(p);
  return true;
}

void* MemoryRegistry::allocate_from_pool(size_t bytes) {
  if (auto kept = pool_.find(bytes); kept != pool_.end()) {
    pool_.erase(kept);
    pool_bytes_ -= bytes;
  }
  return allocate(bytes);
}

bool MemoryRegistry::leave(void* p) {
  auto block = device_.find(static_cast<const char*>(p));
  if (block == device_.end() || block->second.leaving) return false;
  block->second.leaving = true;
  leaving_ += block->second.bytes;
  return true;
}

void MemoryRegistry::free_to_pool(void* p) {
  const size_t bytes = device_.at(static_cast<const char*>(p)).bytes;
  free(p);
  pool_.insert(bytes);
  pool_bytes_ += bytes;
}

void MemoryRegistry::free_leaving() {
  for (auto block = device_.begin(); block != device_.end();) {
    const auto [address, state] = *block++;
    if (state.leaving) free(const_cast<char*>(address));
  }
}

void* MemoryRegistry::allocate_pinned(size_t bytes) {
  void* p = nullptr;
  if (posix_memalign(&p, 4096, bytes) != 0) return nullptr;
  std::memset(p, options().fill, bytes);
  pinned_.emplace(static_cast<const char*>(p), Block{bytes});
  return p;
}

bool MemoryRegistry::free_pinned(void* p) {
  if (pinned_.erase(static_cast<const char*>(p)) == 0) return false;
  std::free(p);
  return true;
}

MemoryRegistry::Open::Open(MemoryRegistry& registry) : registry_(registry) {
  if (registry_.open_++ > 0) return;
  for (const auto& [address, block] : registry_.device_) unpoison(address, block.bytes);
}

MemoryRegistry::Open::~Open() {
  if (--registry_.open_ > 0) return;
  for (const auto& [address, block] : registry_.device_) poison(address, block.bytes);
}

}  // namespace gg::emulator
