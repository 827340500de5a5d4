// Order, batching, prefetching, resuming.
#include "data/data_loader.h"

#include <algorithm>
#include <atomic>
#include <numeric>
#include <set>

#include "data/order.h"
#include "data/prefetch.h"
#include "tests/errors.h"

namespace gg::data_test {
namespace {

using namespace gg::data;

// Sample i is the number i.
std::shared_ptr<const Dataset> numbers(int64_t n) {
  std::vector<int64_t> v(static_cast<size_t>(n));
  std::iota(v.begin(), v.end(), int64_t{0});
  std::vector<float> x(v.begin(), v.end());
  return std::make_shared<TensorDataset>(from_vector(x, {n, 1}), from_vector(v, {n}));
}

TEST(Order, IsAPermutationThatDependsOnSeedAndEpoch) {
  std::set<std::vector<int64_t>> seen;
  for (uint64_t seed : {0, 1}) {
    for (uint64_t epoch : {0, 1}) {
      auto order = shuffled_order(seed, epoch, 1000);
      EXPECT_EQ(order, shuffled_order(seed, epoch, 1000));
      seen.insert(order);
      std::sort(order.begin(), order.end());
      for (int64_t i = 0; i < 1000; ++i) ASSERT_EQ(order[static_cast<size_t>(i)], i);
    }
  }
  EXPECT_EQ(seen.size(), 4u);
}

TEST(Order, IsUniform) {
  // How often each of 5 items comes first, in 5,000 epochs: chi-squared with 4 degrees of freedom, 18.5 at p = 0.001.
  std::vector<double> first(5, 0);
  for (uint64_t epoch = 0; epoch < 5000; ++epoch) ++first[static_cast<size_t>(shuffled_order(3, epoch, 5)[0])];
  double chi2 = 0;
  for (double f : first) chi2 += (f - 1000) * (f - 1000) / 1000;
  EXPECT_LT(chi2, 18.5);
  EXPECT_GT(chi2, 0.01);  // a mere rotation would be too even
}

TEST(Order, IsPinned) {  // saved runs rely on it
  EXPECT_EQ(shuffled_order(7, 0, 8), (std::vector<int64_t>{6, 5, 2, 3, 7, 0, 1, 4}));
  EXPECT_EQ(shuffled_order(7, 1, 8), (std::vector<int64_t>{3, 2, 4, 6, 0, 5, 1, 7}));
}

TEST(DataLoader, CoversEachEpochOnce) {
  for (bool drop_last : {false, true}) {
    for (int prefetch : {0, 1, 3}) {
      DataLoader loader(numbers(10),
                        {.batch_size = 4, .shuffle = true, .drop_last = drop_last, .seed = 5, .prefetch = prefetch});
      ASSERT_EQ(loader.batches_per_epoch(), drop_last ? 2 : 3);
      std::set<std::vector<int64_t>> orders;
      for (int64_t epoch = 0; epoch < 3; ++epoch) {
        std::vector<int64_t> all;
        for (int64_t k = 0; k < loader.batches_per_epoch(); ++k) {
          EXPECT_EQ(loader.position(), (DataLoader::Position{epoch, k}));
          Batch b = loader.next();
          EXPECT_EQ(b.epoch, epoch);
          EXPECT_EQ(b.number, k);
          EXPECT_EQ(b.y.to_vector<int64_t>(), b.index);
          EXPECT_EQ(b.x.shape(), (Shape{b.size(), 1}));
          EXPECT_EQ(b.index, loader.batch(epoch, k).index) << "a batch is a function of its place";
          all.insert(all.end(), b.index.begin(), b.index.end());
        }
        orders.insert(all);
        EXPECT_EQ(std::set(all.begin(), all.end()).size(), all.size());
        EXPECT_EQ(all.size(), drop_last ? 8u : 10u);
      }
      EXPECT_EQ(orders.size(), 3u) << "each epoch has its own order";
    }
  }
}

TEST(DataLoader, WithoutShuffleKeepsTheOrder) {
  DataLoader loader(numbers(5), {.batch_size = 2});
  EXPECT_EQ(loader.next().index, (std::vector<int64_t>{0, 1}));
  EXPECT_EQ(loader.next().index, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(loader.next().index, (std::vector<int64_t>{4}));
  EXPECT_EQ(loader.next().index, (std::vector<int64_t>{0, 1}));
}

TEST(DataLoader, ResumesFromAnyPosition) {
  DataLoaderOptions options{.batch_size = 3, .shuffle = true, .seed = 11};
  DataLoader whole(numbers(10), options);
  for (int step = 0; step < 9; ++step) {
    DataLoader::Position saved = whole.position();
    Batch expected = whole.next();
    DataLoader fresh(numbers(10), options);
    fresh.next();  // already running ahead when it is told where to go
    fresh.seek(saved);
    EXPECT_EQ(fresh.position(), saved);
    EXPECT_EQ(fresh.next().index, expected.index);
  }
  EXPECT_TRUE(throws([&] { whole.seek({0, 4}); }, "no batch 4 of epoch 0"));
  EXPECT_TRUE(throws([&] { whole.seek({-1, 0}); }, "no batch"));
}

TEST(DataLoader, TransformSeesThePlaceOfTheBatch) {
  DataLoader loader(numbers(4), {.batch_size = 2, .shuffle = true, .seed = 1, .transform = [](Batch& b) {
                                   b.y = from_vector(std::vector<int64_t>{b.epoch, b.number, b.index[0]}, {3});
                                 }});
  for (int k = 0; k < 4; ++k) {
    Batch b = loader.next();
    EXPECT_EQ(b.y.to_vector<int64_t>(), (std::vector<int64_t>{k / 2, k % 2, b.index[0]}));
  }
}

TEST(DataLoader, PassesExceptionsToTheConsumerAtTheirBatch) {
  for (int prefetch : {0, 2}) {
    DataLoader loader(numbers(10), {.batch_size = 1, .prefetch = prefetch, .transform = [](Batch& b) {
                                      if (b.number == 3) fail("sample three is damaged");
                                    }});
    for (int k = 0; k < 3; ++k) EXPECT_EQ(loader.next().number, k);
    EXPECT_TRUE(throws([&] { loader.next(); }, "sample three is damaged"));
    EXPECT_TRUE(throws([&] { loader.next(); }, "sample three is damaged"));
    loader.seek({0, 4});
    EXPECT_EQ(loader.next().number, 4);
  }
}

TEST(DataLoader, StopsCleanlyAndMoves) {
  for (int round = 0; round < 50; ++round) {
    DataLoader a(numbers(100), {.batch_size = 1, .prefetch = 4});
    for (int k = 0; k < round % 7; ++k) a.next();
    DataLoader b = std::move(a);
    EXPECT_EQ(b.next().number, round % 7);
  }
}

TEST(DataLoader, RefusesWhatMakesNoBatch) {
  EXPECT_TRUE(throws([] { DataLoader(nullptr); }, "null"));
  EXPECT_TRUE(throws([] { DataLoader(numbers(0)); }, "0 samples make no batch"));
  EXPECT_TRUE(throws([] { DataLoader(numbers(3), {.batch_size = 4, .drop_last = true}); }, "drop_last"));
  EXPECT_TRUE(throws([] { DataLoader(numbers(3), {.batch_size = 0}); }, "batch_size"));
  EXPECT_TRUE(throws([] { TensorDataset(empty({3}), empty({2})); }, "3 rows"));
}

TEST(Prefetch, NeverRunsFurtherAheadThanItMay) {
  std::atomic<int> made{0};
  Prefetch<int> ahead(3, [&] { return made++; });
  for (int k = 0; k < 20; ++k) {
    EXPECT_EQ(ahead.next(), k);
    EXPECT_LE(made, k + 1 + 3 + 1);  // taken, waiting, in the making
  }
}

}  // namespace
}  // namespace gg::data_test
