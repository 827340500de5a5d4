#include "cpu/matmul.h"

#include <gtest/gtest.h>
#include <omp.h>

#include <thread>

#include "tests/cpu/arrays.h"

namespace gg::cpu_test {
namespace {

// The largest error against long double sums, in units of epsilon · sqrt(k) · Σ|a·b|.
template <class T>
double error_of(Owned<T>& out, Owned<T>& a, Owned<T>& b) {
  int r = out.array.rank();
  int64_t m = out.array.shape[r - 2], n = out.array.shape[r - 1], k = a.array.shape[r - 1];
  double worst = 0;
  for (int64_t item = 0; item < out.numel() / (m * n); ++item) {
    for (int64_t i = 0; i < m; ++i) {
      for (int64_t j = 0; j < n; ++j) {
        long double sum = 0, size = 0;
        for (int64_t p = 0; p < k; ++p) {
          long double term = static_cast<long double>(a.at((item * m + i) * k + p)) * b.at((item * k + p) * n + j);
          sum += term;
          size += std::abs(term);
        }
        long double unit = std::numeric_limits<T>::epsilon() * std::sqrt(static_cast<long double>(k)) * size + 1e-300L;
        double error = static_cast<double>(std::abs(sum - out.at((item * m + i) * n + j)) / unit);
        if (!(error <= worst)) worst = std::isnan(error) ? 1e30 : error;
      }
    }
  }
  return worst;
}

// out = a·b, and then out += a·b.
template <class T>
void check_product(Owned<T>& out, Owned<T>& a, Owned<T>& b) {
  SCOPED_TRACE(str(to_string(a.array.shape), " times ", to_string(b.array.shape)));
  cpu::matmul(out, a, b);
  ASSERT_LT(error_of(out, a, b), 1);
  cpu::matmul_add(out, a, b);
  for (int64_t i = 0; i < out.numel(); ++i) out.at(i) /= 2;
  ASSERT_LT(error_of(out, a, b), 1) << "when added to itself";
}

struct Case {
  Shape out;
  int64_t k;
};

class MatmulTest : public testing::TestWithParam<cpu::GemmBackend> {
 protected:
  void SetUp() override { cpu::set_gemm_backend(GetParam()); }
  void TearDown() override { cpu::set_gemm_backend(cpu::GemmBackend::automatic); }

  template <class T>
  void check(const Shape& out_shape, int64_t k) {
    int r = out_shape.rank();
    Shape a_shape = out_shape, b_shape = out_shape;
    a_shape[r - 1] = k;
    b_shape[r - 2] = k;
    std::vector<int> plain, swapped, odd;
    for (int i = 0; i < r; ++i) plain.push_back(i);
    swapped = odd = plain;
    std::swap(swapped[r - 2], swapped[r - 1]);
    if (r == 3) odd = {1, 2, 0};  // no axis of the matrix is contiguous
    for (auto& a_order : {plain, swapped, odd}) {
      for (auto& b_order : {plain, swapped, odd}) {
        for (auto& out_order : {plain, swapped, odd}) {
          for (int64_t gap : {0, 3}) {
            Owned<T> a(a_shape, a_order, gap), b(b_shape, b_order, gap), out(out_shape, out_order, gap);
            a.randomize(1);
            b.randomize(2);
            check_product(out, a, b);
            if (HasFatalFailure()) return;
          }
        }
      }
    }
  }
};

TEST_P(MatmulTest, AgreesWithSumsInAnyLayout) {
  for (auto& [shape, k] : std::vector<Case>{{{1, 1}, 1},
                                            {{2, 3}, 4},
                                            {{5, 16}, 16},
                                            {{16, 1}, 3},
                                            {{1, 40}, 20},
                                            {{40, 1}, 20},
                                            {{33, 17}, 65},
                                            {{3, 4, 5}, 6},
                                            {{2, 20, 18}, 17},
                                            {{4, 1, 7}, 9}}) {
    check<float>(shape, k);
    check<double>(shape, k);
  }
}

TEST_P(MatmulTest, LargeProducts) {
  for (auto& [shape, k] :
       std::vector<Case>{{{130, 200}, 300}, {{128, 10}, 512}, {{8, 700}, 400}, {{6, 80, 90}, 70}, {{7, 9}, 20000}}) {
    Shape a_shape = shape, b_shape = shape;
    a_shape[shape.rank() - 1] = b_shape[shape.rank() - 2] = k;
    Owned<float> a(a_shape), b(b_shape), out(shape);
    a.randomize(3);
    b.randomize(4);
    check_product(out, a, b);
  }
  // Beyond the blocks of our own product in n and in k, in any layout.
  const std::vector<int> plain{0, 1}, swapped{1, 0};
  for (auto& a_order : {plain, swapped}) {
    for (auto& b_order : {plain, swapped}) {
      auto check_type = [&]<class T>(T) {
        Owned<T> a({13, 1100}, a_order), b({1100, 290}, b_order), out({13, 290});
        a.randomize(5);
        b.randomize(6);
        check_product(out, a, b);
      };
      check_type(0.0f);
      check_type(0.0);
    }
  }
}

TEST_P(MatmulTest, AddsNothingWithoutTerms) {
  Owned<float> a({2, 0}), b({0, 3}), out({2, 3});
  out.randomize(1);
  const std::vector<float> before = out.values();
  cpu::matmul_add(out, a, b);
  EXPECT_EQ(out.values(), before);
  cpu::matmul(out, a, b);
  EXPECT_EQ(out.values(), std::vector<float>(6, 0));
}

TEST_P(MatmulTest, SelfTestPasses) {
  auto result = cpu::gemm_self_test();
  EXPECT_TRUE(result.ok) << result.text;
  EXPECT_GT(result.worst, 0);
  std::printf("%s\n", result.text.c_str());
}

TEST_P(MatmulTest, SameBitsForAnyNumberOfThreads) {
  for (auto& [shape, k] : std::vector<Case>{{{150, 333}, 200}, {{3, 2000}, 500}, {{16, 70, 70}, 70}, {{5, 5}, 50000}}) {
    Shape a_shape = shape, b_shape = shape;
    a_shape[shape.rank() - 1] = b_shape[shape.rank() - 2] = k;
    Owned<float> a(a_shape), b(b_shape), out(shape);
    a.randomize(5);
    b.randomize(6);
    bool same = same_for_any_threads([&, &s = shape] {
      Owned<float> c(s);
      cpu::matmul(c, a, b);
      return c.bytes;
    });
    EXPECT_TRUE(same) << to_string(shape);
  }
}

std::string backend_name(const testing::TestParamInfo<cpu::GemmBackend>& info) {
  const char* names[] = {"automatic", "openblas", "onednn", "own"};
  return names[static_cast<int>(info.param)];
}

INSTANTIATE_TEST_SUITE_P(Backends, MatmulTest,
                         testing::Values(cpu::GemmBackend::automatic, cpu::GemmBackend::openblas,
                                         cpu::GemmBackend::onednn, cpu::GemmBackend::own),
                         backend_name);

TEST(Matmul, BroadcastBatchAxes) {
  // [4, 3, 20, 30] where a repeats along the first axis and b along the second.
  Owned<float> a({3, 20, 30}), b({4, 30, 25}), out({4, 3, 20, 25});
  a.randomize(1);
  b.randomize(2);
  Array wide_a = a, wide_b = b;
  wide_a.shape = {4, 3, 20, 30};
  wide_a.strides = {0, 600, 30, 1};
  wide_b.shape = {4, 3, 30, 25};
  wide_b.strides = {750, 0, 25, 1};
  cpu::matmul(out, wide_a, wide_b);
  Owned<float> full_a({4, 3, 20, 30}), full_b({4, 3, 30, 25});
  for (int64_t i = 0; i < 4; ++i) {
    for (int64_t j = 0; j < 3; ++j) {
      for (int64_t e = 0; e < 600; ++e) full_a.at((i * 3 + j) * 600 + e) = a.at(j * 600 + e);
      for (int64_t e = 0; e < 750; ++e) full_b.at((i * 3 + j) * 750 + e) = b.at(i * 750 + e);
    }
  }
  EXPECT_LT(error_of(out, full_a, full_b), 1);
}

TEST(Matmul, BroadcastMatricesThemselves) {
  Owned<float> a({1, 1}), b({30, 25}), out({20, 25}), full({20, 30});
  a.at(0) = 0.5f;
  b.randomize(2);
  Array wide = a;
  wide.shape = {20, 30};
  wide.strides = {0, 0};
  cpu::matmul(out, wide, b);
  for (int64_t i = 0; i < 600; ++i) full.at(i) = 0.5f;
  EXPECT_LT(error_of(out, full, b), 1);
}

TEST(Matmul, LinearLayerOnBatchOfSequences) {
  Owned<float> a({6, 11, 40}), b({40, 50}), out({6, 11, 50}), full({6, 40, 50});
  a.randomize(1);
  b.randomize(2);
  Array wide = b;
  wide.shape = {6, 40, 50};
  wide.strides = {0, 50, 1};
  cpu::matmul(out, a, wide);
  for (int64_t i = 0; i < full.numel(); ++i) full.at(i) = b.at(i % 2000);
  EXPECT_LT(error_of(out, a, full), 1);
}

TEST(Matmul, EmptySums) {
  Owned<float> a({3, 0}), b({0, 4}), out({3, 4});
  cpu::matmul(out, a, b);
  for (float v : out.values()) EXPECT_EQ(v, 0);
  Owned<float> none({0, 4}), a0({0, 5}), b5({5, 4});
  cpu::matmul(none, a0, b5);
}

TEST(Matmul, NanStaysInItsRow) {
  Owned<float> a({70, 80}), b({80, 90}), out({70, 90});
  a.randomize(1);
  b.randomize(2);
  a.at(3 * 80 + 7) = std::nanf("");
  cpu::matmul(out, a, b);
  for (int64_t i = 0; i < out.numel(); ++i) EXPECT_EQ(std::isnan(out.at(i)), i / 90 == 3);
}

TEST(Matmul, RefusesOtherSizes) {
  Owned<float> a({3, 4}), b({5, 6}), out({3, 6});
  EXPECT_THROW(cpu::matmul(out, a, b), Error);
}

TEST(Matmul, ManyThreadsAtOnceAndTheirOpenMpSettingIsKept) {
  omp_set_num_threads(3);
  std::vector<std::thread> threads;
  std::vector<int> bad(4, 0);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([t, &bad] {
      for (int round = 0; round < 30; ++round) {
        Owned<float> a({40, 50}), b({50, 60}), out({40, 60});
        a.randomize(t);
        b.randomize(round);
        cpu::set_gemm_backend(cpu::GemmBackend::automatic);
        cpu::matmul(out, a, b);
        bad[t] += error_of(out, a, b) >= 1;
      }
    });
  }
  for (auto& t : threads) t.join();
  for (int b : bad) EXPECT_EQ(b, 0);
  Owned<float> a({100, 200}), b({200, 100}), out({100, 100});
  a.randomize(1);
  b.randomize(2);
  cpu::matmul(out, a, b);
  EXPECT_EQ(omp_get_max_threads(), 3);
}

}  // namespace
}  // namespace gg::cpu_test
