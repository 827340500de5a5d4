// The caching allocator: alignment, counts, reuse, peak.
#include "core/allocator.h"

#include <gtest/gtest.h>

#include <cstring>
#include <set>
#include <thread>
#include <vector>

#include "core/error.h"

namespace gg {
namespace {

TEST(Allocator, CountsWhatWasAskedFor) {
  MemoryStats before = memory_stats(Device::cpu);
  for (size_t bytes : {size_t{0}, size_t{1}, size_t{63}, size_t{4096}, size_t{5000000}}) {
    void* p = allocate(bytes, Device::cpu);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(p) % kAlignment, 0u) << bytes;
    if (bytes) std::memset(p, 0xab, bytes);
    MemoryStats now = memory_stats(Device::cpu);
    EXPECT_EQ(now.live_bytes, before.live_bytes + static_cast<int64_t>(bytes));
    EXPECT_EQ(now.live_blocks, before.live_blocks + 1);
    deallocate(p, bytes, Device::cpu);
    EXPECT_EQ(memory_stats(Device::cpu).live_bytes, before.live_bytes);
    EXPECT_EQ(memory_stats(Device::cpu).live_blocks, before.live_blocks);
  }
}

TEST(Allocator, LiveBlocksDoNotOverlap) {
  std::vector<unsigned char*> blocks;
  for (int i = 0; i < 200; ++i) {
    auto* p = static_cast<unsigned char*>(allocate(100, Device::cpu));
    std::memset(p, i, 100);
    blocks.push_back(p);
  }
  for (int i = 0; i < 200; ++i) {
    for (int k = 0; k < 100; ++k) ASSERT_EQ(blocks[static_cast<size_t>(i)][k], i);
  }
  for (unsigned char* p : blocks) deallocate(p, 100, Device::cpu);
}

TEST(Allocator, ALargeBlockServesSlightlySmallerRequests) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizer builds bypass the cache";
#endif
  constexpr size_t kMiB = 1 << 20;
  empty_cache(Device::cpu);
  void* p = allocate(40 * kMiB, Device::cpu);
  deallocate(p, 40 * kMiB, Device::cpu);
  int64_t cached = memory_stats(Device::cpu).cached_bytes;
  void* q = allocate(36 * kMiB, Device::cpu);
  EXPECT_EQ(p, q);
  EXPECT_EQ(memory_stats(Device::cpu).cached_bytes, cached - static_cast<int64_t>(40 * kMiB));
  void* small = allocate(16 * kMiB, Device::cpu);  // far smaller: not from that block
  deallocate(q, 36 * kMiB, Device::cpu);
  EXPECT_EQ(memory_stats(Device::cpu).cached_bytes, cached);
  deallocate(small, 16 * kMiB, Device::cpu);
  q = allocate(40 * kMiB, Device::cpu);  // still as large as it was
  EXPECT_EQ(p, q);
  std::memset(q, 1, 40 * kMiB);
  deallocate(q, 40 * kMiB, Device::cpu);
  empty_cache(Device::cpu);
}

TEST(Allocator, EverNewSizesDoNotPileUp) {
  constexpr size_t kMiB = 1 << 20;
  empty_cache(Device::cpu);
  reset_peak_memory(Device::cpu);
  for (size_t size = 40; size < 400; size += 12) {
    void* p = allocate(size * kMiB, Device::cpu);
    deallocate(p, size * kMiB, Device::cpu);
    MemoryStats stats = memory_stats(Device::cpu);
    EXPECT_LE(stats.cached_bytes, std::max<int64_t>(2 * stats.peak_bytes, 64 * kMiB) + static_cast<int64_t>(4 * kMiB));
  }
  empty_cache(Device::cpu);
}

// What is kept makes room for what has another size: both together are no more than twice the most that was in use.
TEST(Allocator, FreeBlocksMakeRoomForOtherSizes) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizer builds bypass the cache";
#endif
  constexpr int64_t kMiB = 1 << 20;
  empty_cache(Device::cpu);
  reset_peak_memory(Device::cpu);
  for (size_t size : {20, 30, 45, 70, 100}) {
    std::vector<void*> blocks;
    for (size_t used = 0; used + size <= 200; used += size) {
      blocks.push_back(allocate(size * kMiB, Device::cpu));
      const MemoryStats stats = memory_stats(Device::cpu);
      EXPECT_LE(stats.live_bytes + stats.cached_bytes, 2 * stats.peak_bytes + 4 * kMiB) << size << " MiB";
    }
    for (void* p : blocks) deallocate(p, size * kMiB, Device::cpu);
  }
  empty_cache(Device::cpu);
}

// The second phase of a step must not cost the first its blocks, which the next step needs again.
TEST(Allocator, PhasesOfOtherSizesKeepTheirBlocks) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizer builds bypass the cache";
#endif
  constexpr size_t kMiB = 1 << 20;
  empty_cache(Device::cpu);
  reset_peak_memory(Device::cpu);
  const auto phase = [](size_t size) {
    std::vector<void*> blocks;
    for (int i = 0; i < 4; ++i) blocks.push_back(allocate(size, Device::cpu));
    for (void* p : blocks) deallocate(p, size, Device::cpu);
    return std::set<void*>(blocks.begin(), blocks.end());
  };
  std::set<void*> small, large;
  for (int step = 0; step < 2; ++step) {  // the first finds out how much a step needs
    small = phase(24 * kMiB);
    large = phase(40 * kMiB);
  }
  EXPECT_EQ(phase(24 * kMiB), small);
  EXPECT_EQ(phase(40 * kMiB), large);
  empty_cache(Device::cpu);
}

TEST(Allocator, ReusesFreedBlocks) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizer builds bypass the cache";
#endif
  for (size_t bytes : {size_t{256}, size_t{3000000}}) {
    void* p = allocate(bytes, Device::cpu);
    deallocate(p, bytes, Device::cpu);
    EXPECT_GT(memory_stats(Device::cpu).cached_bytes, 0);
    void* q = allocate(bytes, Device::cpu);
    EXPECT_EQ(p, q) << bytes;
    deallocate(q, bytes, Device::cpu);
  }
  empty_cache(Device::cpu);
  void* p = allocate(3000000, Device::cpu);  // and works on
  std::memset(p, 1, 3000000);
  deallocate(p, 3000000, Device::cpu);
}

TEST(Allocator, Peak) {
  reset_peak_memory(Device::cpu);
  int64_t live = memory_stats(Device::cpu).live_bytes;
  void* p = allocate(10000000, Device::cpu);
  deallocate(p, 10000000, Device::cpu);
  MemoryStats s = memory_stats(Device::cpu);
  EXPECT_GE(s.peak_bytes, live + 10000000 - 65536);
  EXPECT_LE(s.peak_bytes, live + 10000000 + 65536 * 64);
  reset_peak_memory(Device::cpu);
  EXPECT_LT(memory_stats(Device::cpu).peak_bytes, live + 5000000);
}

TEST(Allocator, BlocksMayBeFreedByAnotherThread) {
  MemoryStats before = memory_stats(Device::cpu);
  std::vector<void*> blocks;
  std::thread([&] {
    for (int i = 0; i < 1000; ++i) blocks.push_back(allocate(static_cast<size_t>(i) * 37, Device::cpu));
  }).join();
  for (size_t i = 0; i < blocks.size(); ++i) deallocate(blocks[i], i * 37, Device::cpu);
  EXPECT_EQ(memory_stats(Device::cpu).live_bytes, before.live_bytes);
  EXPECT_EQ(memory_stats(Device::cpu).live_blocks, before.live_blocks);
}

TEST(Allocator, TooMuchIsAnErrorThatSaysHowMuch) {
  try {
    allocate(size_t{1} << 60, Device::cpu);
    FAIL() << "an exbibyte was given";
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("1152921504606846976"), std::string::npos) << e.what();
  }
}

#ifndef GG_SANITIZED
TEST(Allocator, LargeBlocksBeginAtDifferentPlacesOfTheirPages) {
  for (size_t bytes : {size_t{100} << 10, size_t{5} << 20}) {
    std::set<uintptr_t> places;
    std::vector<void*> blocks;
    for (int i = 0; i < 4; ++i) {
      blocks.push_back(allocate(bytes, Device::cpu));
      std::memset(blocks.back(), i, bytes);
      places.insert(reinterpret_cast<uintptr_t>(blocks.back()) % 4096);
      EXPECT_EQ(reinterpret_cast<uintptr_t>(blocks.back()) % kAlignment, 0u);
    }
    EXPECT_EQ(places.size(), 4u) << bytes;
    for (int i = 0; i < 4; ++i) EXPECT_EQ(static_cast<char*>(blocks[static_cast<size_t>(i)])[bytes - 1], i);
    for (void* b : blocks) deallocate(b, bytes, Device::cpu);
    empty_cache(Device::cpu);
  }
}
#endif

}  // namespace
}  // namespace gg
