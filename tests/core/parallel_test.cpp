// The thread pool: every chunk once, exceptions, nesting, several callers.
#include "core/parallel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

namespace gg {
namespace {

class Parallel : public testing::Test {
 protected:
  Parallel() : before_(num_threads()) { set_num_threads(4); }
  ~Parallel() override { set_num_threads(before_); }

 private:
  int before_;
};

TEST_F(Parallel, EveryChunkOnce) {
  for (int64_t chunks : {0, 1, 2, 3, 17, 5000}) {
    auto seen = std::make_unique<std::atomic<int>[]>(static_cast<size_t>(chunks) + 1);
    if (chunks > 0) parallel_chunks(chunks, [&](int64_t c) { ++seen[static_cast<size_t>(c)]; });
    for (int64_t c = 0; c < chunks; ++c) ASSERT_EQ(seen[static_cast<size_t>(c)], 1) << c << " of " << chunks;
  }
}

TEST_F(Parallel, RangesCoverEverythingAndDoNotDependOnThreads) {
  for (int64_t n : {0, 1, 9, 10, 11, 1003}) {
    std::vector<std::vector<int64_t>> bounds;
    for (int threads : {1, 3}) {
      set_num_threads(threads);
      std::vector<int64_t> ends(static_cast<size_t>(n / 10 + 1), -1);
      auto seen = std::make_unique<std::atomic<int>[]>(static_cast<size_t>(n) + 1);
      parallel_for(n, 10, [&](int64_t begin, int64_t end) {
        ASSERT_LE(end - begin, 10);
        ends[static_cast<size_t>(begin / 10)] = end;
        for (int64_t i = begin; i < end; ++i) ++seen[static_cast<size_t>(i)];
      });
      for (int64_t i = 0; i < n; ++i) ASSERT_EQ(seen[static_cast<size_t>(i)], 1);
      bounds.push_back(ends);
    }
    EXPECT_EQ(bounds[0], bounds[1]);
  }
  int calls = 0;
  parallel_for(-3, 10, [&](int64_t, int64_t) { ++calls; });
  EXPECT_EQ(calls, 0);
  set_num_threads(1);
  parallel_for(3, 0, [&](int64_t, int64_t) { ++calls; });  // a grain below 1 is 1
  EXPECT_EQ(calls, 3);
}

TEST_F(Parallel, TheFirstExceptionComesOut) {
  for (int round = 0; round < 20; ++round) {
    EXPECT_THROW(parallel_chunks(100,
                                 [&](int64_t c) {
                                   if (c == 37) throw std::runtime_error("chunk 37");
                                 }),
                 std::runtime_error);
  }
  std::atomic<int> n{0};
  parallel_chunks(50, [&](int64_t) { ++n; });  // the pool works on
  EXPECT_EQ(n, 50);
}

TEST_F(Parallel, NestedCallsRun) {
  std::atomic<int> n{0};
  parallel_chunks(8, [&](int64_t) { parallel_chunks(8, [&](int64_t) { ++n; }); });
  EXPECT_EQ(n, 64);
}

TEST_F(Parallel, SeveralCallersAtOnce) {
  std::atomic<int64_t> total{0};
  std::vector<std::thread> callers;
  for (int t = 0; t < 4; ++t) {
    callers.emplace_back([&] {
      for (int i = 0; i < 200; ++i) parallel_chunks(16, [&](int64_t c) { total += c; });
    });
  }
  for (std::thread& t : callers) t.join();
  EXPECT_EQ(total, 4 * 200 * 120);
}

TEST_F(Parallel, ThreadCounts) {
  set_num_threads(1);
  EXPECT_EQ(num_threads(), 1);
  std::thread::id self = std::this_thread::get_id();
  parallel_chunks(20, [&](int64_t) { EXPECT_EQ(std::this_thread::get_id(), self); });
  EXPECT_ANY_THROW(set_num_threads(0));
}

}  // namespace
}  // namespace gg
