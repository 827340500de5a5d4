// The driver that brings arrays of any layout to contiguous loops, and the plain loops it runs.
#include "cpu/elementwise.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

#include "core/parallel.h"
#include "cpu/plain_loops.h"
#include "ops/functors/arithmetic.h"
#include "ops/functors/scalars.h"
#include "tests/numbers/isa_tables.h"

namespace gg {
namespace {

using cpu::Plain;

Array array_of(void* data, DType type, const Shape& shape, std::vector<int64_t> strides) {
  Array a;
  a.data = data;
  a.dtype = type;
  a.shape = shape;
  std::copy(strides.begin(), strides.end(), a.strides.begin());
  return a;
}

// Where element `index` (in row-major order) of an array lies, in elements.
int64_t position(const Array& a, int64_t index) {
  int64_t at = 0;
  for (int axis = a.rank() - 1; axis >= 0; --axis) {
    at += index % a.shape[axis] * a.strides[axis];
    index /= a.shape[axis];
  }
  return at;
}

// out = a - b over the given layouts (offsets in elements let strides be negative), against plain indexing.
void check_sub(const Shape& shape, std::vector<int64_t> out_strides, std::vector<int64_t> a_strides,
               std::vector<int64_t> b_strides, int64_t offset = 0) {
  std::vector<double> a(400000), b(400000), out(400000, -1);
  std::iota(a.begin(), a.end(), 1.0);
  for (size_t i = 0; i < b.size(); ++i) b[i] = 0.5 * static_cast<double>(i * i % 1013);
  Array o = array_of(out.data() + offset, f64, shape, out_strides);
  Array ins[] = {array_of(a.data() + offset, f64, shape, a_strides),
                 array_of(b.data() + offset, f64, shape, b_strides)};
  cpu::elementwise(cpu::plain_loop(Plain::sub, f64), nullptr, o, ins);
  std::vector<bool> written(out.size());
  for (int64_t i = 0; i < shape.numel(); ++i) {
    int64_t at = position(o, i);
    double want = ins[0].as<double>()[position(ins[0], i)] - ins[1].as<double>()[position(ins[1], i)];
    ASSERT_EQ(o.as<double>()[at], want) << to_string(shape) << " element " << i;
    written[static_cast<size_t>(at + offset)] = true;
  }
  for (size_t i = 0; i < out.size(); ++i) {
    ASSERT_TRUE(written[i] || out[i] == -1) << "wrote outside the output at " << i;
  }
}

TEST(Elementwise, ContiguousOfAllSizes) {
  for (int64_t n : {0, 1, 2, 15, 16, 17, 511, 512, 513, 32768, 32769, 100001, 300000}) check_sub({n}, {1}, {1}, {1});
  check_sub({}, {}, {}, {});
  check_sub({1, 1}, {7, 9}, {3, 0}, {0, 0});
}
TEST(Elementwise, EmptyAxes) {
  check_sub({3, 0, 2}, {0, 2, 1}, {0, 2, 1}, {0, 0, 0});
  check_sub({0, 5}, {5, 1}, {1, 7}, {0, 1});
}
TEST(Elementwise, Broadcast) {
  check_sub({50, 700}, {700, 1}, {700, 1}, {0, 1});                   // a row
  check_sub({50, 700}, {700, 1}, {700, 1}, {1, 0});                   // a column
  check_sub({50, 700}, {700, 1}, {0, 0}, {700, 1});                   // a scalar
  check_sub({4, 3, 900}, {2700, 900, 1}, {2700, 900, 1}, {0, 1, 0});  // a channel
  check_sub({5, 70000}, {70000, 1}, {70000, 1}, {1, 0});
  check_sub({2000, 3}, {3, 1}, {3, 1}, {0, 1});
  check_sub({2000, 3}, {3, 1}, {1, 0}, {3, 1});
}
TEST(Elementwise, PermutedAndStrided) {
  check_sub({300, 200}, {200, 1}, {1, 300}, {200, 1});
  check_sub({300, 200}, {1, 300}, {1, 300}, {1, 300});  // equal dense orders: one flat loop
  check_sub({300, 200}, {1, 300}, {200, 1}, {0, 1});
  check_sub({2, 3, 40, 50}, {6000, 1, 150, 3}, {6000, 1, 150, 3}, {0, 1, 0, 0});  // channels last with a channel bias
  check_sub({2, 3, 40, 50}, {6000, 2000, 50, 1}, {6000, 1, 150, 3}, {6000, 2000, 50, 1});
  check_sub({1000, 5}, {10, 2}, {5, 1}, {1, 1000});
  check_sub({1000}, {3}, {2}, {1});
  check_sub({100, 100}, {-100, -1}, {100, 1}, {-1, -100}, 20000);
  check_sub({2, 1, 3, 1, 2, 1, 2, 2}, {24, 24, 8, 8, 4, 4, 2, 1}, {1, 1, 2, 2, 6, 6, 12, 24}, {0, 0, 1, 0, 0, 0, 3, 0});
}
TEST(Elementwise, RandomLayouts) {
  std::mt19937 rng(3);
  for (int trial = 0; trial < 200; ++trial) {
    int rank = static_cast<int>(rng() % 5);
    Shape shape;
    for (int i = 0; i < rank; ++i) shape.push_back(static_cast<int64_t>(1 + rng() % 9));
    auto strides = [&](bool may_repeat) {
      std::vector<int> order(rank);
      std::iota(order.begin(), order.end(), 0);
      std::shuffle(order.begin(), order.end(), rng);
      std::vector<int64_t> s(rank);
      int64_t next = 1 + rng() % 2;
      for (int axis : order) {
        s[axis] = may_repeat && rng() % 4 == 0 ? 0 : next;
        next *= shape[axis];
      }
      return s;
    };
    check_sub(shape, strides(false), strides(true), strides(true));
  }
}
TEST(Elementwise, InPlace) {
  std::vector<float> x(1000, 3);
  Array a = array_of(x.data(), f32, {1000}, {1});
  Array ins[] = {a, a};
  cpu::elementwise(cpu::plain_loop(Plain::mul, f32), nullptr, a, ins);
  for (float v : x) ASSERT_EQ(v, 9);
}
TEST(Elementwise, MixedElementSizesInStridedLayouts) {
  std::vector<float> x(600), y(600);
  std::iota(x.begin(), x.end(), -300.0f);
  std::vector<unsigned char> mask(600);
  for (size_t i = 0; i < 600; ++i) mask[i] = i % 3 == 0;
  std::vector<float> out(600);
  Array ins[] = {array_of(mask.data(), boolean, {20, 30}, {1, 20}), array_of(x.data(), f32, {20, 30}, {30, 1}),
                 array_of(y.data(), f32, {20, 30}, {0, 0})};
  cpu::elementwise(cpu::where_loop(f32), nullptr, array_of(out.data(), f32, {20, 30}, {30, 1}), ins);
  for (int i = 0; i < 20; ++i) {
    for (int j = 0; j < 30; ++j) ASSERT_EQ(out[i * 30 + j], (j * 20 + i) % 3 == 0 ? x[i * 30 + j] : 0);
  }
}
TEST(Elementwise, ParametersReachTheLoop) {
  std::vector<double> x = {1, 2, 3}, y(3);
  Affine f{2, 0.5};
  Array ins[] = {array_of(x.data(), f64, {3}, {1})};
  cpu::elementwise(cpu::unary_loops<Affine>().by_input[1][0], &f, array_of(y.data(), f64, {3}, {1}), ins);
  EXPECT_EQ(y, (std::vector<double>{2.5, 4.5, 6.5}));
}
TEST(Elementwise, TooManyInputsAreRefused) {
  double x = 0;
  std::vector<Array> ins(7, array_of(&x, f64, {1}, {1}));
  EXPECT_THROW(cpu::elementwise(cpu::plain_loop(Plain::add, f64), nullptr, ins[0], ins), Error);
}
TEST(Elementwise, SameBitsForAnyNumberOfThreads) {
  std::vector<float> x(200000), one(200000), two(200000);
  std::mt19937 rng(1);
  for (float& v : x) v = static_cast<float>(rng() % 1000) / 100;
  int before = num_threads();
  for (auto [threads, out] : {std::pair{1, &one}, std::pair{3, &two}}) {
    set_num_threads(threads);
    Array ins[] = {array_of(x.data(), f32, {400, 500}, {1, 400}), array_of(x.data(), f32, {400, 500}, {500, 1})};
    cpu::elementwise(cpu::binary_loops<Div>().partial[0][0][0], nullptr,
                     array_of(out->data(), f32, {400, 500}, {500, 1}), ins);
  }
  set_num_threads(before);
  EXPECT_TRUE(std::equal(one.begin(), one.end(), two.begin(),
                         [](float a, float b) { return a == b || (std::isnan(a) && std::isnan(b)); }));
}

// ---- plain loops

template <class T, class U, size_t n>
std::vector<U> run(cpu::ElementwiseLoop loop, const T (&a)[n], const T (&b)[n]) {
  std::vector<U> y(n);
  const void* in[] = {a, b};
  loop(n, y.data(), in, nullptr);
  return y;
}

TEST(PlainLoops, Integers) {
  const int64_t a[] = {1, -5, std::numeric_limits<int64_t>::max(), 7, int64_t{1} << 40};
  const int64_t b[] = {2, 3, 1, -7, int64_t{1} << 30};
  using V = std::vector<int64_t>;
  EXPECT_EQ((run<int64_t, int64_t>(cpu::plain_loop(Plain::add, i64), a, b)),
            (V{3, -2, std::numeric_limits<int64_t>::min(), 0, (int64_t{1} << 40) + (int64_t{1} << 30)}));
  EXPECT_EQ((run<int64_t, int64_t>(cpu::plain_loop(Plain::mul, i64), a, b)),
            (V{2, -15, std::numeric_limits<int64_t>::max(), -49, 0}));
  EXPECT_EQ(cpu::plain_loop(Plain::add, boolean), nullptr);
}
TEST(PlainLoops, ComparisonsAndNan) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float a[] = {1, 2, 3, nan, nan}, b[] = {2, 2, 2, 1, nan};
  using V = std::vector<unsigned char>;
  auto cmp = [&](Plain op) { return run<float, unsigned char>(cpu::plain_loop(op, f32), a, b); };
  EXPECT_EQ(cmp(Plain::eq), (V{0, 1, 0, 0, 0}));
  EXPECT_EQ(cmp(Plain::ne), (V{1, 0, 1, 1, 1}));
  EXPECT_EQ(cmp(Plain::lt), (V{1, 0, 0, 0, 0}));
  EXPECT_EQ(cmp(Plain::le), (V{1, 1, 0, 0, 0}));
  EXPECT_EQ(cmp(Plain::gt), (V{0, 0, 1, 0, 0}));
  EXPECT_EQ(cmp(Plain::ge), (V{0, 1, 1, 0, 0}));
}
TEST(PlainLoops, Casts) {
  const double inf = std::numeric_limits<double>::infinity();
  const double x[] = {0, -1.7, 1.7, std::nan(""), inf, -inf, 1e300, -9.3e18, 3e9, 0x1p63};
  const void* in[] = {x};
  std::vector<int64_t> i(10);
  cpu::cast_loop(f64, i64)(10, i.data(), in, nullptr);
  const int64_t lo = std::numeric_limits<int64_t>::min(), hi = std::numeric_limits<int64_t>::max();
  EXPECT_EQ(i, (std::vector<int64_t>{0, -1, 1, 0, hi, lo, hi, lo, 3000000000, hi}));
  std::vector<unsigned char> b(10);
  cpu::cast_loop(f64, boolean)(10, b.data(), in, nullptr);
  EXPECT_EQ(b, (std::vector<unsigned char>{0, 1, 1, 1, 1, 1, 1, 1, 1, 1}));
  std::vector<float> f(10);
  cpu::cast_loop(f64, f32)(10, f.data(), in, nullptr);
  EXPECT_EQ(f[6], static_cast<float>(inf));
  const void* bools[] = {b.data()};
  cpu::cast_loop(boolean, f32)(10, f.data(), bools, nullptr);
  EXPECT_EQ(f[0], 0);
  EXPECT_EQ(f[1], 1);
}

// ---- the choice of instruction set

TEST(Isa, NamesAndOrder) {
  EXPECT_LE(cpu::isa(), cpu::best_isa());
  EXPECT_STREQ(cpu::name_of(cpu::Isa::avx2), "avx2");
  EXPECT_LT(cpu::Isa::baseline, cpu::Isa::avx2);
  EXPECT_LT(cpu::Isa::avx2, cpu::Isa::avx512);
}
TEST(Isa, TheEnvironmentCanOnlyLowerIt) {
  EXPECT_EQ(cpu::choose_isa(nullptr), cpu::best_isa());
  EXPECT_EQ(cpu::choose_isa(""), cpu::best_isa());
  EXPECT_EQ(cpu::choose_isa("baseline"), cpu::Isa::baseline);
  EXPECT_LE(cpu::choose_isa("avx512"), cpu::best_isa());
  try {
    cpu::choose_isa("sse9");
    FAIL();
  } catch (const Error& e) {
    EXPECT_STREQ(e.what(), "GG_ISA: expected baseline, avx2 or avx512, got 'sse9'");
  }
}

}  // namespace
}  // namespace gg
