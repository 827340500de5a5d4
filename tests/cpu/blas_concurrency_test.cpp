// Products that several threads compute at once. A BLAS built without locks hands the same work buffer to two callers
// now and then, which no test of single products sees: Debian's serial flavour of OpenBLAS 0.3.21 gets about one
// product in a hundred wrong that way.
#include <gtest/gtest.h>

#include <vector>

#include "core/parallel.h"
#include "cpu/matmul.h"

namespace gg::cpu_test {
namespace {

TEST(BlasConcurrency, BatchesHaveTheSameBitsEveryTime) {
  constexpr int64_t batch = 64, m = 48, n = 64, k = 64;
  std::vector<double> a(batch * m * k), b(batch * k * n), first(batch * m * n), again(first.size());
  for (size_t i = 0; i < a.size(); ++i) a[i] = static_cast<double>(i * 7 % 13) - 6;
  for (size_t i = 0; i < b.size(); ++i) b[i] = static_cast<double>(i * 5 % 11) - 5;
  auto array = [](std::vector<double>& v, const Shape& shape) {
    return Array{v.data(), f64, shape, Layout::contiguous(shape).strides};
  };
  int before = num_threads();
  set_num_threads(1);  // the truth
  cpu::matmul(array(first, {batch, m, n}), array(a, {batch, m, k}), array(b, {batch, k, n}));
  set_num_threads(4);
  int wrong = 0;
  for (int round = 0; round < 400; ++round) {
    cpu::matmul(array(again, {batch, m, n}), array(a, {batch, m, k}), array(b, {batch, k, n}));
    wrong += again != first;
  }
  set_num_threads(before);
  EXPECT_EQ(wrong, 0) << "of 400";
}

}  // namespace
}  // namespace gg::cpu_test
