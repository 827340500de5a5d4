#include "cpu/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "cpu/kernels/random.h"
#include "tests/cpu/arrays.h"

namespace gg::cpu_test {
namespace {

using cpu::Isa;

// The vectors that come with the paper's reference implementation.
TEST(Philox, KnownAnswers) {
  auto words = [](PhiloxBlock b) { return std::vector<uint32_t>(b.word, b.word + 4); };
  EXPECT_EQ(words(philox(0, 0, 0)), (std::vector<uint32_t>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(words(philox(~0ull, ~0ull, ~0ull)),
            (std::vector<uint32_t>{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(words(philox(0x299f31d0a4093822ull, 0x85a308d3243f6a88ull, 0x0370734413198a2eull)),
            (std::vector<uint32_t>{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Philox, IntegersAreTheHighHalfOfTheProduct) {
  for (uint64_t range : {1ull, 2ull, 10ull, 1ull << 32, (1ull << 32) + 1, 0x123456789abcdefull, ~0ull}) {
    for (uint64_t x : {0ull, 1ull, 0x80000000ull, 0xffffffffull, 0x123456789abcdef0ull, ~0ull}) {
      auto expected = static_cast<uint64_t>(static_cast<unsigned __int128>(x) * range >> 64);
      EXPECT_EQ(uniform_integer(static_cast<uint32_t>(x), static_cast<uint32_t>(x >> 32), range), expected);
    }
  }
}

TEST(Philox, NormalPairsAreBoxAndMullers) {
  constexpr long double pi = 3.14159265358979323846264338327950288L;
  uint32_t corners[] = {0,          1,          0x1fffffff, 0x20000000, 0x3fffffff,
                        0x40000000, 0x7fffffff, 0x80000000, 0xffffffff, 12345678};
  for (uint32_t u : corners) {
    for (uint32_t v : corners) {
      long double radius = std::sqrt(-2 * std::log((u + 0.5L) * 0x1p-32L)), angle = 2 * pi * v * 0x1p-32L;
      NormalPair<float> z = normal_pair(u, v);
      double tolerance = u == 0xffffffff ? 2e-5 : 2e-6;  // there x rounds to 1, and the radius 1.5e-5 to 0
      EXPECT_NEAR(z.first, radius * std::cos(angle), tolerance) << u << " " << v;
      EXPECT_NEAR(z.second, radius * std::sin(angle), tolerance) << u << " " << v;
      NormalPair<double> d = normal_pair(u, u, v, v);
      long double x = 1 - ((static_cast<uint64_t>(u) << 32 | u) >> 12) * 0x1p-52L;
      radius = std::sqrt(-2 * std::log(x));
      angle = 2 * pi * ((static_cast<uint64_t>(v) << 32 | v) * 0x1p-64L);
      EXPECT_NEAR(d.first, radius * std::cos(angle), 1e-14) << u << " " << v;
      EXPECT_NEAR(d.second, radius * std::sin(angle), 1e-14) << u << " " << v;
    }
  }
}

TEST(Random, EveryElementUsesItsDocumentedWords) {
  PhiloxState state{0x1234567890abcdefull, (1ull << 32) - 7, 3};
  for (int64_t n : {1, 2, 3, 5, 255, 256, 257, 40001}) {
    Owned<float> u({n}), z({n});
    Owned<double> ud({n}), zd({n});
    Owned<int64_t> k({n});
    Owned<bool> b({n});
    cpu::random_uniform(u, &state);
    cpu::random_normal(z, &state);
    cpu::random_uniform(ud, &state);
    cpu::random_normal(zd, &state);
    cpu::random_integers(k, &state, -5, 12);
    cpu::random_bernoulli(b, &state, 0.3);
    for (int64_t i = 0; i < n; ++i) {
      PhiloxBlock four = philox(state.seed, state.offset + i / 4, state.stream);
      PhiloxBlock two = philox(state.seed, state.offset + i / 2, state.stream);
      int w = i % 2 * 2;
      ASSERT_EQ(u.at(i), uniform_float(four.word[i % 4]));
      ASSERT_EQ(b.at(i), four.word[i % 4] < bernoulli_threshold(0.3));
      ASSERT_EQ(ud.at(i), uniform_double(two.word[w], two.word[w + 1]));
      ASSERT_EQ(k.at(i), -5 + static_cast<int64_t>(uniform_integer(two.word[w], two.word[w + 1], 17)));
      int pair = i % 4 / 2 * 2;
      NormalPair<float> f = normal_pair(four.word[pair], four.word[pair + 1]);
      ASSERT_EQ(z.at(i), i % 2 ? f.second : f.first) << i;
      NormalPair<double> d = normal_pair(two.word[0], two.word[1], two.word[2], two.word[3]);
      ASSERT_EQ(zd.at(i), i % 2 ? d.second : d.first) << i;
    }
  }
}

#if defined(__x86_64__)
TEST(Random, SameBitsForEveryInstructionSet) {
  if (cpu::best_isa() < Isa::avx2) GTEST_SKIP() << "only one instruction set here";
  PhiloxState state{77, 5, 1};
  constexpr int64_t n = 5003;
  std::vector<float> f0(n), f1(n);
  std::vector<double> d0(n), d1(n);
  auto compare = [&](const cpu::RandomKernels& other) {
    const cpu::RandomKernels& base = cpu::baseline::random_kernels_table;
    base.normal_f32(f0.data(), n, state);
    other.normal_f32(f1.data(), n, state);
    EXPECT_EQ(0, std::memcmp(f0.data(), f1.data(), n * sizeof(float)));
    base.normal_f64(d0.data(), n, state);
    other.normal_f64(d1.data(), n, state);
    EXPECT_EQ(0, std::memcmp(d0.data(), d1.data(), n * sizeof(double)));
    base.uniform_f32(f0.data(), n, state);
    other.uniform_f32(f1.data(), n, state);
    EXPECT_EQ(f0, f1);
    base.uniform_f64(d0.data(), n, state);
    other.uniform_f64(d1.data(), n, state);
    EXPECT_EQ(d0, d1);
  };
  compare(cpu::avx2::random_kernels_table);
  if (cpu::best_isa() >= Isa::avx512) compare(cpu::avx512::random_kernels_table);
}
#endif

TEST(Random, LayoutDoesNotMatter) {
  PhiloxState state{1, 2};
  Owned<float> plain({30, 41}), turned({30, 41}, {1, 0}, 3);
  cpu::random_normal(plain, &state);
  cpu::random_normal(turned, &state);
  EXPECT_EQ(plain.values(), turned.values());
}

TEST(Random, SameBitsForAnyNumberOfThreads) {
  PhiloxState state{1, 2};
  EXPECT_TRUE(same_for_any_threads([&] {
    Owned<float> x({100001});
    cpu::random_normal(x, &state);
    return x.bytes;
  }));
}

TEST(Random, Moments) {
  PhiloxState state{2024, 0};
  constexpr int64_t n = 400000;
  Owned<float> u({n}), z({n});
  Owned<double> zd({n});
  Owned<int64_t> b({n});
  cpu::random_uniform(u, &state);
  cpu::random_normal(z, &state);
  cpu::random_normal(zd, &state);
  cpu::random_bernoulli(b, &state, 0.25);
  double mean = 0, m1 = 0, m2 = 0, m4 = 0, d2 = 0, cross = 0, ones = 0;
  for (int64_t i = 0; i < n; ++i) {
    ASSERT_TRUE(u.at(i) >= 0 && u.at(i) < 1);
    mean += u.at(i) / n;
    m1 += z.at(i) / n;
    m2 += std::pow(z.at(i), 2) / n;
    m4 += std::pow(z.at(i), 4) / n;
    d2 += zd.at(i) * zd.at(i) / n;
    ones += static_cast<double>(b.at(i)) / n;
    if (i % 2) cross += z.at(i) * z.at(i - 1) / (n / 2);
  }
  EXPECT_NEAR(mean, 0.5, 0.003);
  EXPECT_NEAR(m1, 0, 0.01);
  EXPECT_NEAR(m2, 1, 0.015);
  EXPECT_NEAR(m4, 3, 0.1);
  EXPECT_NEAR(d2, 1, 0.015);
  EXPECT_NEAR(cross, 0, 0.02);
  EXPECT_NEAR(ones, 0.25, 0.005);
}

TEST(Random, BernoulliEnds) {
  PhiloxState state{5, 0};
  Owned<float> x({1000});
  cpu::random_bernoulli(x, &state, 0);
  for (float v : x.values()) EXPECT_EQ(v, 0);
  cpu::random_bernoulli(x, &state, 1);
  for (float v : x.values()) EXPECT_EQ(v, 1);
  EXPECT_THROW(cpu::random_bernoulli(x, &state, 1.5), Error);
  EXPECT_THROW(cpu::random_bernoulli(x, &state, std::nan("")), Error);
}

TEST(Random, IntegersCoverTheRange) {
  PhiloxState state{5, 0};
  Owned<int64_t> x({1000});
  cpu::random_integers(x, &state, -2, 3);
  auto v = x.values();
  EXPECT_EQ(std::set<int64_t>(v.begin(), v.end()), (std::set<int64_t>{-2, -1, 0, 1, 2}));
  EXPECT_THROW(cpu::random_integers(x, &state, 3, 3), Error);
  cpu::random_integers(x, &state, INT64_MIN, INT64_MAX);
}

TEST(Random, PermutationsHoldEveryNumberOnce) {
  PhiloxState state{5, 0};
  for (int64_t n : {0, 1, 2, 1000}) {
    Owned<int64_t> x({n});
    cpu::random_permutation(x, &state);
    auto v = x.values();
    bool moved = !std::is_sorted(v.begin(), v.end());
    std::sort(v.begin(), v.end());
    for (int64_t i = 0; i < n; ++i) EXPECT_EQ(v[i], i);
    EXPECT_TRUE(moved || n < 1000);
  }
  // All six orders of three numbers come equally often.
  std::map<std::vector<int64_t>, int> counts;
  for (uint64_t s = 0; s < 6000; ++s) {
    Owned<int64_t> x({3});
    PhiloxState at{9, 2 * s};
    cpu::random_permutation(x, &at);
    ++counts[x.values()];
  }
  EXPECT_EQ(counts.size(), 6u);
  for (auto& [order, count] : counts) EXPECT_NEAR(count, 1000, 150);
}

}  // namespace
}  // namespace gg::cpu_test
