#include "cpu/copy.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/isa.h"
#include "cpu/kernels/copy.h"
#include "tests/cpu/arrays.h"

namespace gg::cpu_test {
namespace {

template <class T>
class CopyTest : public testing::Test {};
using Types = testing::Types<float, double, int64_t, bool>;
TYPED_TEST_SUITE(CopyTest, Types);

TYPED_TEST(CopyTest, MovesEveryElementBetweenAnyLayouts) {
  using T = TypeParam;
  std::vector<std::pair<Shape, std::vector<std::vector<int>>>> cases = {
      {{}, {{}}},
      {{7}, {{0}}},
      {{5, 1, 3}, {{0, 1, 2}, {2, 0, 1}}},
      {{67, 131}, {{0, 1}, {1, 0}}},
      {{300, 200}, {{0, 1}, {1, 0}}},
      {{3, 19, 6, 5}, {{0, 1, 2, 3}, {0, 2, 3, 1}, {3, 2, 1, 0}}},
      {{2, 3, 2, 2, 3, 1, 2, 2}, {{0, 1, 2, 3, 4, 5, 6, 7}, {7, 5, 3, 1, 0, 2, 4, 6}}},
  };
  for (auto& [shape, orders] : cases) {
    for (auto& to_order : orders) {
      for (auto& from_order : orders) {
        for (int64_t gap : {0, 3}) {
          Owned<T> from(shape, from_order, gap), to(shape, to_order, gap);
          from.randomize(1, -100, 100);
          cpu::copy(to, from);
          EXPECT_EQ(to.values(), from.values()) << to_string(shape);
        }
      }
    }
  }
}

TYPED_TEST(CopyTest, LeavesGapsAlone) {
  using T = TypeParam;
  Owned<T> from({9, 40}, {1, 0}), to({9, 40}, {0, 1}, 5);
  from.randomize(2);
  auto before = to.bytes;
  cpu::copy(to, from);
  for (size_t row = 0; row < 8; ++row) {
    size_t gap = (row * 45 + 40) * sizeof(T);
    EXPECT_EQ(0, std::memcmp(&before[gap], &to.bytes[gap], 5 * sizeof(T)));
  }
}

TEST(Copy, BroadcastsThroughStrideZero) {
  Owned<float> row({40}), to({30, 40});
  row.randomize(3);
  Array wide = row;
  wide.shape = {30, 40};
  wide.strides = {0, 1};
  cpu::copy(to, wide);
  for (int64_t i = 0; i < 30 * 40; ++i) EXPECT_EQ(to.at(i), row.at(i % 40));
  Array tall = row;
  tall.shape = {40, 30};
  tall.strides = {1, 0};
  Owned<float> other({40, 30});
  cpu::copy(other, tall);
  for (int64_t i = 0; i < 30 * 40; ++i) EXPECT_EQ(other.at(i), row.at(i / 30));
}

TEST(Copy, LargeCopiesAreRightInEveryChunk) {
  Owned<double> from({3, 100001}), to({3, 100001}), turned({3, 100001}, {1, 0});
  from.randomize(4);
  cpu::copy(to, from);
  cpu::copy(turned, from);
  EXPECT_EQ(to.values(), from.values());
  EXPECT_EQ(turned.values(), from.values());
}

// Any bits, among them those of signalling NaN, in squares of every size, between strides that leave gaps.
template <class Bits, class Kernel>
void check_transpose(Kernel kernel, const std::string& where) {
  uint64_t state = 7;
  auto bits = [&] { return static_cast<Bits>((state = state * 6364136223846793005u + 1442695040888963407u) >> 7); };
  for (int64_t rows : {1, 3, 4, 7, 8, 9, 15, 16, 17, 31, 40}) {
    for (int64_t cols : {1, 2, 4, 5, 8, 11, 16, 23, 32, 33}) {
      const int64_t from_stride = rows + 3, to_stride = cols + 2;
      std::vector<Bits> from(cols * from_stride), to(rows * to_stride), expected;
      for (Bits& x : from) x = bits();
      from[0] = sizeof(Bits) == 4 ? static_cast<Bits>(0x7fa00001u) : static_cast<Bits>(0x7ff4000000000001u);
      for (Bits& x : to) x = bits();
      expected = to;
      for (int64_t i = 0; i < rows; ++i) {
        for (int64_t j = 0; j < cols; ++j) expected[i * to_stride + j] = from[j * from_stride + i];
      }
      kernel(to.data(), to_stride, from.data(), from_stride, rows, cols);
      EXPECT_EQ(to, expected) << where << ", " << rows << " x " << cols;
    }
  }
}

TEST(Copy, TransposesSquaresOfAllSizesOnEveryInstructionSet) {
  auto check = [](const cpu::CopyKernels& kernels, const char* isa) {
    check_transpose<uint32_t>(kernels.transpose_4, str(isa, ", 4 bytes"));
    check_transpose<uint64_t>(kernels.transpose_8, str(isa, ", 8 bytes"));
  };
  check(cpu::baseline::copy_kernels_table, "baseline");
#if defined(__x86_64__)
  if (cpu::best_isa() >= cpu::Isa::avx2) check(cpu::avx2::copy_kernels_table, "avx2");
  if (cpu::best_isa() >= cpu::Isa::avx512) check(cpu::avx512::copy_kernels_table, "avx512");
#endif
}

TEST(Copy, ConvertsBetweenTypes) {
  constexpr int64_t least = std::numeric_limits<int64_t>::min(), most = std::numeric_limits<int64_t>::max();
  constexpr float inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> values{-1.75f, 0, 3.5f, nan, inf, -inf, 1e30f, -1e30f, 0x1p63f, -0x1p63f};
  const std::vector<int64_t> whole{-1, 0, 3, 0, most, least, most, least, most, least};
  for (int64_t gap : {0, 3}) {  // contiguous, and rows of one with gaps between them
    Owned<float> x({10, 1}, {0, 1}, gap);
    Owned<double> d({10, 1}, {0, 1}, gap), wide({10, 1});
    Owned<bool> b({10, 1}, {0, 1}, gap);
    Owned<int64_t> n({10, 1}, {0, 1}, gap), again({10, 1});
    for (size_t i = 0; i < 10; ++i) x.at(static_cast<int64_t>(i)) = values[i];
    cpu::copy(d, x);
    cpu::copy(b, x);
    cpu::copy(n, x);
    cpu::copy(again, d);
    EXPECT_EQ(d.at(0), -1.75);
    EXPECT_TRUE(std::isnan(d.at(3)));
    EXPECT_EQ(b.values(), (std::vector<bool>{true, false, true, true, true, true, true, true, true, true}));
    EXPECT_EQ(n.values(), whole);
    EXPECT_EQ(again.values(), whole);
    cpu::copy(x, b);
    EXPECT_EQ(x.values(), (std::vector<float>{1, 0, 1, 1, 1, 1, 1, 1, 1, 1}));
    cpu::copy(wide, n);
    EXPECT_EQ(wide.at(4), 0x1p63);
  }
}

TEST(Copy, ConvertsLargeArraysOfAnyLayout) {
  Owned<double> x({300, 400}, {1, 0});
  Owned<float> row({300, 400}), turned({300, 400}, {1, 0}, 2);
  x.randomize(5, -100, 100);
  cpu::copy(row, x);
  cpu::copy(turned, x);
  std::vector<double> from = x.values();
  EXPECT_EQ(row.values(), std::vector<float>(from.begin(), from.end()));
  EXPECT_EQ(turned.values(), row.values());
}

TEST(Copy, RefusesOtherShapes) {
  Owned<float> a({2, 3}), b({3, 2});
  EXPECT_THROW(cpu::copy(a, b), Error);
}

TEST(Copy, EmptyArraysAreFine) {
  Owned<float> a({0, 3}), b({0, 3});
  cpu::copy(a, b);
  cpu::fill(a, 1.0);
  Owned<float> r({0});
  cpu::arange(r, 0.0, 1.0);
}

TEST(Fill, SetsEveryElementOfAnyLayout) {
  Owned<float> a({33, 17}, {1, 0}, 2);
  cpu::fill(a, 1.5);
  for (float v : a.values()) EXPECT_EQ(v, 1.5f);
  Owned<int64_t> n({5});
  cpu::fill(n, int64_t{(1ll << 60) + 1});  // more digits than a double has
  EXPECT_EQ(n.at(4), (1ll << 60) + 1);
  cpu::fill(n, 1e300);
  EXPECT_EQ(n.at(0), std::numeric_limits<int64_t>::max());
  cpu::fill(n, std::nan(""));
  EXPECT_EQ(n.at(0), 0);
  Owned<bool> b({5});
  cpu::fill(b, 2);
  EXPECT_TRUE(b.at(3));
}

TEST(Arange, CountsInSteps) {
  Owned<float> a({5});
  cpu::arange(a, 1.0, -0.25);
  EXPECT_EQ(a.values(), (std::vector<float>{1, 0.75, 0.5, 0.25, 0}));
  Owned<int64_t> n({100000});
  cpu::arange(n, int64_t{3}, int64_t{7});
  EXPECT_EQ(n.at(99999), 3 + 7 * 99999);
  Owned<bool> b({2});
  EXPECT_THROW(cpu::arange(b, int64_t{0}, int64_t{1}), Error);
}

}  // namespace
}  // namespace gg::cpu_test
