// The CPU side of the caching allocator; other devices are reached through the hooks of core/device_memory.h.
//
// Sizes are rounded up to classes: multiples of 64 bytes up to 1 KiB, then four classes to a doubling. Blocks up to
// kSmallLimit live in per-thread lists without locks; a thread that frees a block keeps it, whoever allocated it.
// Larger blocks live in one shared list behind a mutex; what it keeps is bounded, the oldest leave first.
#include "core/allocator.h"

#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdlib>
#include <map>
#include <mutex>
#include <new>
#include <unordered_map>
#include <vector>

#include "core/device_memory.h"
#include "core/error.h"

namespace gg {
namespace {

constexpr size_t kSmallLimit = 64 << 10;
constexpr size_t kHugePage = 2 << 20;
constexpr int kSmallClasses = 16 + 4 * 6;  // 64 … 1024 by 64, then four a doubling up to 64 KiB
constexpr size_t kThreadKeep = 1 << 20;    // bytes of one class that a thread keeps before it hands blocks back

struct Class {
  int index;    // of the per-thread list; -1: large
  size_t size;  // bytes that are really allocated
};

Class class_above_1024(size_t bytes);

inline Class class_of(size_t bytes) {
  if (bytes <= 1024) [[likely]] {
    int index = bytes == 0 ? 0 : static_cast<int>((bytes - 1) / 64);
    return {index, static_cast<size_t>(index + 1) * 64};
  }
  return class_above_1024(bytes);
}

Class class_above_1024(size_t bytes) {
  int exponent = std::bit_width(bytes - 1) - 1;  // 2^exponent < bytes <= 2^(exponent+1)
  size_t step = size_t{1} << (exponent - 2);
  size_t size = (bytes + step - 1) / step * step;
  if (size > kSmallLimit) {
    if (size >= 16 * kHugePage) size = (bytes + kHugePage - 1) / kHugePage * kHugePage;
    return {-1, size};
  }
  int quarter = static_cast<int>((size - (size_t{1} << exponent)) / step);  // 1 … 4
  return {16 + (exponent - 10) * 4 + quarter - 1, size};
}

void* system_allocate(size_t size) {
  size_t alignment = size >= kHugePage ? kHugePage : kAlignment;
  void* p = nullptr;
  if (posix_memalign(&p, alignment, size) != 0) return nullptr;
#ifdef MADV_HUGEPAGE
  if (size >= kHugePage) madvise(p, size, MADV_HUGEPAGE);
#endif
  return p;
}

// Large blocks begin at different distances from a page. Equal ones would have the same places in caches and memory
// banks, and kernels walk several at once: AdamW on four arrays of 200 MB took 80 ms with all on the first line of a
// huge page, and 44 with each some pages and lines further on.
constexpr size_t kShifts = 16;
constexpr size_t shift_step(size_t size) { return size >= (1 << 20) ? 4096 + 64 : 5 * 64; }

void* large_allocate(size_t size) {
  static std::atomic<size_t> turn{0};
  const size_t shift = kAlignment + turn.fetch_add(1, std::memory_order_relaxed) % kShifts * shift_step(size);
  void* start = system_allocate(size + kAlignment + (kShifts - 1) * shift_step(size));
  if (!start) return nullptr;
  char* p = static_cast<char*>(start) + shift;
  reinterpret_cast<void**>(p)[-1] = start;
  return p;
}

void large_free(void* p) { std::free(static_cast<void**>(p)[-1]); }

struct FreeBlock {
  FreeBlock* next;
};

// Blocks above kSmallLimit, and what threads left behind when they ended.
struct SharedCache {
  struct Large {
    void* data;
    uint64_t age;  // when it was freed, as a number that grows
  };
  std::mutex lock;
  std::multimap<size_t, Large> blocks;            // free ones, by size
  std::unordered_map<void*, size_t> size_in_use;  // of those that serve a request of a smaller class
  int64_t large_bytes = 0;                        // in `blocks`
  uint64_t clock = 0;
  FreeBlock* small[kSmallClasses] = {};
  std::atomic<int64_t> cached{0};
};
SharedCache& shared_cache() {
  static SharedCache* cache = new SharedCache;  // never destroyed: tensors may outlive every static object
  return *cache;
}

// Counters of one thread, written by it alone and summed by memory_stats, so that counting costs no locked instruction.
struct Counters {
  std::atomic<int64_t> bytes{0}, blocks{0}, cached{0};
  std::atomic<int64_t> unreported{0};  // bytes that neither `bytes` nor `global_live` holds yet
};

std::atomic<int64_t> global_live{0}, global_peak{0};
constexpr int64_t kReportStep = 64 << 10;

void bump(std::atomic<int64_t>& counter, int64_t by) {
  counter.store(counter.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
}

struct Registry {
  std::mutex lock;
  std::vector<Counters*> threads;
  Counters ended;  // sums of threads that are gone
};
Registry& registry() {
  static Registry* r = new Registry;
  return *r;
}

void report(Counters& c) {
  int64_t news = c.unreported.load(std::memory_order_relaxed);
  int64_t live = global_live.fetch_add(news, std::memory_order_relaxed) + news;
  c.unreported.store(0, std::memory_order_relaxed);
  bump(c.bytes, news);
  int64_t peak = global_peak.load(std::memory_order_relaxed);
  while (live > peak && !global_peak.compare_exchange_weak(peak, live, std::memory_order_relaxed)) {
  }
}

struct ThreadCache {
  FreeBlock* lists[kSmallClasses] = {};
  size_t kept[kSmallClasses] = {};
  Counters counters;

  ThreadCache() {
    std::lock_guard guard(registry().lock);
    registry().threads.push_back(&counters);
  }
  ~ThreadCache();

  void count(int64_t bytes, int64_t blocks) {
    bump(counters.blocks, blocks);
    bump(counters.unreported, bytes);
    int64_t open = counters.unreported.load(std::memory_order_relaxed);
    if (open > kReportStep || open < -kReportStep) report(counters);
  }
};

// After a thread's cache is destroyed (at thread or process end), `cache` is null and blocks go straight to the system.
thread_local ThreadCache* cache = nullptr;
thread_local bool cache_ended = false;

struct CacheOwner {
  ~CacheOwner() {
    delete cache;
    cache = nullptr;
    cache_ended = true;
  }
};

[[gnu::noinline]] ThreadCache* make_cache() {
  if (cache_ended) return nullptr;
  thread_local CacheOwner owner;
  (void)owner;
  cache = new ThreadCache;
  return cache;
}

inline ThreadCache* thread_cache() { return cache ? cache : make_cache(); }

ThreadCache::~ThreadCache() {
  auto& shared = shared_cache();
  {
    std::lock_guard guard(shared.lock);
    for (int i = 0; i < kSmallClasses; ++i) {
      while (FreeBlock* b = lists[i]) {
        lists[i] = b->next;
        b->next = shared.small[i];
        shared.small[i] = b;
      }
    }
    shared.cached += counters.cached.load();
  }
  auto& reg = registry();
  std::lock_guard guard(reg.lock);
  report(counters);
  bump(reg.ended.bytes, counters.bytes.load());
  bump(reg.ended.blocks, counters.blocks.load());
  std::erase(reg.threads, &counters);
}

void count_without_cache(int64_t bytes, int64_t blocks) {
  auto& reg = registry();
  std::lock_guard guard(reg.lock);
  bump(reg.ended.blocks, blocks);
  bump(reg.ended.unreported, bytes);
  report(reg.ended);
}

#ifdef GG_SANITIZED
constexpr bool kCaching = false;
#else
constexpr bool kCaching = true;
#endif

// Free blocks are kept as long as all blocks together take no more than twice what was ever in use at once: a step,
// which needs its most of each size at other times, repeats without page faults, and a program of ever new sizes does
// not hoard all of them.
int64_t large_limit() {
  const int64_t peak = global_peak.load(std::memory_order_relaxed), live = global_live.load(std::memory_order_relaxed);
  return std::max(2 * peak - live, int64_t{64} << 20);
}

void remove_large(SharedCache& shared, std::multimap<size_t, SharedCache::Large>::iterator it) {
  shared.cached -= static_cast<int64_t>(it->first);
  shared.large_bytes -= static_cast<int64_t>(it->first);
  shared.blocks.erase(it);
}

// Gives the oldest free blocks back until `more` bytes fit beside the others.
void trim(SharedCache& shared, size_t more) {
  while (!shared.blocks.empty() && shared.large_bytes + static_cast<int64_t>(more) > large_limit()) {
    auto oldest = std::min_element(shared.blocks.begin(), shared.blocks.end(),
                                   [](const auto& a, const auto& b) { return a.second.age < b.second.age; });
    large_free(oldest->second.data);
    remove_large(shared, oldest);
  }
}

// A free block of that size or up to a quarter more. Null where there is none; there is room for a new one then.
void* take_large(size_t size) {
  auto& shared = shared_cache();
  std::lock_guard guard(shared.lock);
  auto it = shared.blocks.lower_bound(size);
  if (it == shared.blocks.end() || it->first > size + size / 4) {
    trim(shared, size);
    return nullptr;
  }
  void* p = it->second.data;
  if (it->first != size) shared.size_in_use.emplace(p, it->first);
  remove_large(shared, it);
  return p;
}

[[gnu::noinline]] void* take_small_from_shared(const Class c) {
  auto& shared = shared_cache();
  std::lock_guard guard(shared.lock);
  FreeBlock* b = shared.small[c.index];
  if (b) {
    shared.small[c.index] = b->next;
    shared.cached -= static_cast<int64_t>(c.size);
  }
  return b;
}

[[gnu::noinline]] void* refill(ThreadCache* tc, const Class c) {
  if (void* p = take_small_from_shared(c)) return p;
  // Small classes are cut from slabs, so that many tiny tensors do not pay for a system call or heap header each.
  if (c.size <= 1024) {
    constexpr size_t kSlab = 64 << 10;
    char* slab = static_cast<char*>(system_allocate(kSlab));
    if (!slab) return nullptr;
    size_t count = kSlab / c.size;
    for (size_t i = count - 1; i > 0; --i) {
      auto* b = reinterpret_cast<FreeBlock*>(slab + i * c.size);
      b->next = tc->lists[c.index];
      tc->lists[c.index] = b;
    }
    tc->kept[c.index] += (count - 1) * c.size;
    bump(tc->counters.cached, static_cast<int64_t>((count - 1) * c.size));
    return slab;
  }
  return system_allocate(c.size);
}

// Inlined into each of the four functions below: they are a good part of what a small operation costs.
[[gnu::always_inline]] inline void* take(const Class c, ThreadCache* tc) {
  if (!kCaching) return system_allocate(c.size);
  if (c.index < 0) {
    void* p = take_large(c.size);
    return p ? p : large_allocate(c.size);
  }
  if (!tc) {
    void* p = take_small_from_shared(c);
    return p ? p : system_allocate(c.size);
  }
  if (FreeBlock* b = tc->lists[c.index]) [[likely]] {
    tc->lists[c.index] = b->next;
    // A graph's blocks have left the nearest cache by the time they are used again: the one after this may as well be
    // on its way.
    const auto next = reinterpret_cast<uintptr_t>(b->next);
    for (uintptr_t line = 0; line < 3; ++line) __builtin_prefetch(reinterpret_cast<const void*>(next + 64 * line), 1);
    tc->kept[c.index] -= c.size;
    bump(tc->counters.cached, -static_cast<int64_t>(c.size));
    return b;
  }
  return refill(tc, c);
}

[[gnu::noinline]] void put_shared(void* p, const Class c) noexcept {
  auto& shared = shared_cache();
  std::lock_guard guard(shared.lock);
  auto* b = static_cast<FreeBlock*>(p);
  b->next = shared.small[c.index];
  shared.small[c.index] = b;
  shared.cached += static_cast<int64_t>(c.size);
}

[[gnu::noinline]] void put_large(void* p, const Class c) noexcept {
  auto& shared = shared_cache();
  std::lock_guard guard(shared.lock);
  size_t size = c.size;
  if (auto it = shared.size_in_use.find(p); it != shared.size_in_use.end()) {
    size = it->second;
    shared.size_in_use.erase(it);
  }
  try {
    shared.blocks.emplace(size, SharedCache::Large{p, ++shared.clock});
  } catch (const std::bad_alloc&) {
    return large_free(p);
  }
  shared.cached += static_cast<int64_t>(size);
  shared.large_bytes += static_cast<int64_t>(size);
  trim(shared, 0);
}

[[gnu::always_inline]] inline void put(void* p, const Class c, ThreadCache* tc) noexcept {
  if (!kCaching) return std::free(p);
  if (c.index < 0) return put_large(p, c);
  // Slab pieces cannot be given to free(), so overflow goes to the shared lists.
  if (!tc || tc->kept[c.index] + c.size > kThreadKeep) return put_shared(p, c);
  auto* b = static_cast<FreeBlock*>(p);
  b->next = tc->lists[c.index];
  tc->lists[c.index] = b;
  tc->kept[c.index] += c.size;
  bump(tc->counters.cached, static_cast<int64_t>(c.size));
}

[[noreturn]] void out_of_memory(size_t bytes, Device device) {
  auto stats = memory_stats(device);
  fail("out of memory on ", device, ": asked for ", bytes, " bytes with ", stats.live_bytes, " bytes in use and ",
       stats.cached_bytes, " cached. Use a smaller batch or model, or free tensors first");
}

}  // namespace

void* allocate(size_t bytes, Device device) {
  if (!device.is_cpu()) return device_memory(device).allocate(bytes);
  if (bytes > (size_t{1} << 47)) out_of_memory(bytes, device);
  Class c = class_of(bytes);
  ThreadCache* tc = thread_cache();
  void* p = take(c, tc);
  if (!p) {
    empty_cache(device);
    p = take(c, tc);
    if (!p) out_of_memory(bytes, device);
  }
  if (tc) {
    tc->count(static_cast<int64_t>(bytes), 1);
  } else {
    count_without_cache(static_cast<int64_t>(bytes), 1);
  }
  return p;
}

void deallocate(void* block, size_t bytes, Device device) noexcept {
  if (!device.is_cpu()) {
    const DeviceMemory& memory = device_memory(device);
    return memory.deallocate(block, bytes, memory.current_stream());
  }
  ThreadCache* tc = thread_cache();
  put(block, class_of(bytes), tc);
  if (tc) {
    tc->count(-static_cast<int64_t>(bytes), -1);
  } else {
    count_without_cache(-static_cast<int64_t>(bytes), -1);
  }
}

void* allocate_object(size_t bytes) {
  void* p = take(class_of(bytes), thread_cache());
  if (!p) throw std::bad_alloc();
  return p;
}

void deallocate_object(void* block, size_t bytes) noexcept { put(block, class_of(bytes), thread_cache()); }

MemoryStats memory_stats(Device device) {
  if (!device.is_cpu()) return device_memory(device).stats();
  MemoryStats stats;
  auto& reg = registry();
  std::lock_guard guard(reg.lock);
  auto add = [&](const Counters& c) {
    stats.live_bytes += c.bytes.load(std::memory_order_relaxed) + c.unreported.load(std::memory_order_relaxed);
    stats.live_blocks += c.blocks.load(std::memory_order_relaxed);
    stats.cached_bytes += c.cached.load(std::memory_order_relaxed);
  };
  add(reg.ended);
  for (Counters* c : reg.threads) add(*c);
  stats.cached_bytes += shared_cache().cached.load(std::memory_order_relaxed);
  stats.peak_bytes = std::max(global_peak.load(std::memory_order_relaxed), stats.live_bytes);
  return stats;
}

void reset_peak_memory(Device device) {
  if (!device.is_cpu()) return device_memory(device).reset_peak();
  global_peak.store(memory_stats(device).live_bytes, std::memory_order_relaxed);
}

void empty_cache(Device device) {
  if (!device.is_cpu()) return device_memory(device).empty_cache();
  auto& shared = shared_cache();
  std::lock_guard guard(shared.lock);
  while (!shared.blocks.empty()) {
    large_free(shared.blocks.begin()->second.data);
    remove_large(shared, shared.blocks.begin());
  }
}

}  // namespace gg
