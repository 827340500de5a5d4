#include "cpu/scratch.h"

#include <sys/mman.h>

#include <cstdlib>
#include <new>
#include <utility>
#include <vector>

namespace gg::cpu {
namespace {

constexpr size_t kKeep = size_t{64} << 20;  // larger blocks are not kept
constexpr size_t kBlocks = 8;               // blocks kept by a thread
constexpr size_t kHugePage = size_t{2} << 20;
#ifdef GG_SANITIZED
constexpr bool kKeeping = false;  // sanitizers see overruns only in fresh blocks
#else
constexpr bool kKeeping = true;
#endif

struct Block {
  void* data;
  size_t capacity;
};

struct Blocks {
  std::vector<Block> free;
  ~Blocks() {
    for (auto& block : free) std::free(block.data);
  }
};

Blocks& blocks() {
  thread_local Blocks instance;
  return instance;
}

Block allocate(size_t bytes) {
  size_t unit = bytes >= kHugePage ? kHugePage : 4096;
  size_t capacity = (bytes + unit - 1) / unit * unit;
  void* data = std::aligned_alloc(unit, capacity);
  if (!data) throw std::bad_alloc();
  if (unit == kHugePage) madvise(data, capacity, MADV_HUGEPAGE);  // only a hint: first touch is several times faster
  return {data, capacity};
}

}  // namespace

Scratch::Scratch(size_t bytes) {
  if (bytes == 0) bytes = 1;
  auto& free = blocks().free;
  size_t best = free.size();  // the smallest that is large enough: the next request may need the others
  for (size_t i = 0; i < free.size(); ++i) {
    if (free[i].capacity >= bytes && (best == free.size() || free[i].capacity < free[best].capacity)) best = i;
  }
  if (best < free.size()) {
    data_ = free[best].data;
    capacity_ = free[best].capacity;
    free[best] = free.back();
    free.pop_back();
    return;
  }
  Block block = allocate(bytes);
  data_ = block.data;
  capacity_ = block.capacity;
}

Scratch::~Scratch() {
  auto& free = blocks().free;
  if (kKeeping && capacity_ <= kKeep) {
    if (free.size() == kBlocks) {  // drop the smallest
      size_t smallest = 0;
      for (size_t i = 1; i < free.size(); ++i) {
        if (free[i].capacity < free[smallest].capacity) smallest = i;
      }
      if (free[smallest].capacity < capacity_) {
        std::swap(free[smallest].data, data_);
        std::swap(free[smallest].capacity, capacity_);
      }
    } else {
      free.push_back({data_, capacity_});
      return;
    }
  }
  std::free(data_);
}

}  // namespace gg::cpu
