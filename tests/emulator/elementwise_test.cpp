// The elementwise kernel: packs and tails, misaligned addresses, strides, broadcasting, sizes that must be refused; and
// the plans that it walks by.
#include <cmath>
#include <numeric>

#include "core/error.h"
#include "cuda/strided.h"
#include "tests/emulator/axpy.h"
#include "tests/emulator/device_array.h"

namespace gg::testing {
namespace {

template <class T>
std::vector<T> counting(size_t n, T first) {
  std::vector<T> values(n);
  std::iota(values.begin(), values.end(), first);
  return values;
}

template <class T>
Array array(const T* data, std::initializer_list<int64_t> shape, std::initializer_list<int64_t> strides) {
  Array a{const_cast<T*>(data), dtype_of<T>, Shape(shape), {}};
  std::copy(strides.begin(), strides.end(), a.strides.begin());
  return a;
}
template <class T>
Array flat(const T* data, size_t n) {
  return array(data, {static_cast<int64_t>(n)}, {1});
}

template <class T>
class Elementwise : public DeviceTest {};
using Types = ::testing::Types<float, double>;
TYPED_TEST_SUITE(Elementwise, Types);

TYPED_TEST(Elementwise, DenseAtEverySizeAndAlignment) {
  // 20011 is more than one round of the emulated grid by single elements.
  for (size_t n : {0, 1, 3, 4, 5, 127, 1000, 20011}) {
    for (size_t shift : {0, 1}) {  // 1: not aligned to 16 bytes
      const auto x = counting<TypeParam>(n + shift, 1), y = counting<TypeParam>(n + shift, 100);
      DeviceArray<TypeParam> x_device(x), y_device(y), out(std::vector<TypeParam>(n + shift, -1));
      device::axpy(3, flat(x_device.data() + shift, n), flat(y_device.data() + shift, n), flat(out.data() + shift, n));
      const auto result = out.host();
      for (size_t i = 0; i < n + shift; ++i) {
        ASSERT_EQ(result[i], i < shift ? TypeParam(-1) : 3 * x[i] + y[i]) << n << " " << shift << " " << i;
      }
    }
  }
}

TYPED_TEST(Elementwise, TransposedBroadcastAndReversed) {
  constexpr int64_t kRows = 5, kCols = 7, kPlanes = 3;
  const auto x = counting<TypeParam>(kPlanes * kRows * kCols, 1), y = counting<TypeParam>(kCols, 1000);
  DeviceArray<TypeParam> x_device(x), y_device(y), out(static_cast<size_t>(kPlanes * kRows * kCols));
  // out is dense; x is read with its last two axes exchanged; y is one vector for all rows, read backwards.
  device::axpy(2, array(x_device.data(), {kPlanes, kRows, kCols}, {kRows * kCols, 1, kRows}),
               array(y_device.data() + kCols - 1, {kPlanes, kRows, kCols}, {0, 0, -1}),
               array(out.data(), {kPlanes, kRows, kCols}, {kRows * kCols, kCols, 1}));
  const auto result = out.host();
  for (int64_t p = 0; p < kPlanes; ++p) {
    for (int64_t r = 0; r < kRows; ++r) {
      for (int64_t c = 0; c < kCols; ++c) {
        ASSERT_EQ(
            result[static_cast<size_t>((p * kRows + r) * kCols + c)],
            2 * x[static_cast<size_t>(p * kRows * kCols + c * kRows + r)] + y[static_cast<size_t>(kCols - 1 - c)]);
      }
    }
  }
}

TYPED_TEST(Elementwise, StridedInSeveralRounds) {
  // Every second of 30000 numbers, more than one round of the grid, into the other axis order.
  constexpr int64_t kRows = 150, kCols = 200;
  const auto x = counting<TypeParam>(2 * kRows * kCols, 1);
  DeviceArray<TypeParam> x_device(x), out(static_cast<size_t>(kRows * kCols));
  const Array view = array(x_device.data(), {kRows, kCols}, {2 * kCols, 2});
  device::axpy(1, view, view, array(out.data(), {kRows, kCols}, {1, kRows}));
  const auto result = out.host();
  for (int64_t r = 0; r < kRows; ++r) {
    for (int64_t c = 0; c < kCols; ++c) {
      ASSERT_EQ(result[static_cast<size_t>(c * kRows + r)], 2 * x[static_cast<size_t>(2 * (r * kCols + c))]);
    }
  }
}

TYPED_TEST(Elementwise, ScalarsAndEmptyShapes) {
  DeviceArray<TypeParam> x(std::vector<TypeParam>{5}), y(std::vector<TypeParam>{1}), out(std::vector<TypeParam>{0});
  device::axpy(2, array(x.data(), {}, {}), array(y.data(), {}, {}), array(out.data(), {}, {}));
  EXPECT_EQ(out.host()[0], 11);
  device::axpy(9, array(x.data(), {3, 0}, {9, 1}), array(y.data(), {3, 0}, {9, 1}), array(out.data(), {3, 0}, {9, 1}));
  EXPECT_EQ(out.host()[0], 11);
}

TYPED_TEST(Elementwise, BroadcastInPacks) {
  // A matrix with one row for all rows, or one column for all columns: packs, unless rows or addresses do not fit.
  for (const int64_t cols : {8, 12, 10, 7}) {
    for (const size_t shift : {0, 1}) {
      constexpr int64_t kRows = 37;
      const auto n = static_cast<size_t>(kRows * cols);
      const auto x = counting<TypeParam>(n + shift, 1),
                 row = counting<TypeParam>(static_cast<size_t>(cols) + shift, 500),
                 column = counting<TypeParam>(kRows, 9000);
      DeviceArray<TypeParam> x_device(x), row_device(row), column_device(column), by_row(n), by_column(n);
      const Array matrix = array(x_device.data() + shift, {kRows, cols}, {cols, 1});
      device::axpy(2, matrix, array(row_device.data() + shift, {kRows, cols}, {0, 1}),
                   array(by_row.data(), {kRows, cols}, {cols, 1}));
      device::axpy(2, array(column_device.data(), {kRows, cols}, {1, 0}), matrix,
                   array(by_column.data(), {kRows, cols}, {cols, 1}));
      const auto a = by_row.host(), b = by_column.host();
      for (size_t i = 0; i < n; ++i) {
        const size_t r = i / static_cast<size_t>(cols), c = i % static_cast<size_t>(cols);
        ASSERT_EQ(a[i], 2 * x[i + shift] + row[c + shift]) << cols << " " << shift << " " << i;
        ASSERT_EQ(b[i], 2 * column[r] + x[i + shift]) << cols << " " << shift << " " << i;
      }
    }
  }
}

using ElementwiseMixed = DeviceTest;

TEST_F(ElementwiseMixed, TypesOfDifferentSizeAndNoInputs) {
  const auto x = counting<float>(1003, 0);
  DeviceArray<float> x_device(x);
  DeviceArray<bool> out(x.size());
  device::above(500.5f, flat(x_device.data(), x.size()), flat(out.data(), x.size()));
  std::vector<unsigned char> bytes(x.size());
  device::copy_to_host(bytes.data(), out.data(), bytes.size());
  for (size_t i = 0; i < x.size(); ++i) ASSERT_EQ(bytes[i], i > 500);

  DeviceArray<double> filled(77);
  device::constant(2.5, flat(filled.data(), 77));
  EXPECT_EQ(filled.host(), std::vector<double>(77, 2.5));
}

TEST_F(ElementwiseMixed, WhatDoesNotFitIsRefused) {
  float* none = nullptr;
  const Array large = flat(none, size_t{1} << 31);
  EXPECT_THROW(device::axpy(1, large, large, large), Error);
  EXPECT_THROW(device::axpy(1, flat(none, 3), flat(none, 2), flat(none, 3)), Error);
}

StridedPlan plan_of(std::initializer_list<Array> operands, PlanOrder order = PlanOrder::output) {
  return make_plan("test", std::span(operands.begin(), operands.size()), order);
}

TEST(StridedPlan, MergesAxesThatLieBehindOneAnother) {
  const float* none = nullptr;
  const Array dense = array(none, {2, 3, 4}, {12, 4, 1});
  const StridedPlan plan = plan_of({dense, dense});
  EXPECT_EQ(plan.rank, 1);
  EXPECT_EQ(plan.count, 24u);
  EXPECT_TRUE(plan.packed);
  const StridedPlan mixed = plan_of({dense, array(none, {2, 3, 4}, {0, 4, 1})});
  EXPECT_EQ(mixed.rank, 2);  // the first axis is repeated in one operand
  EXPECT_FALSE(mixed.packed);
  EXPECT_TRUE(plan_of({array(none, {1, 4, 1}, {99, 1, 99})}).packed);
  EXPECT_TRUE(plan_of({array(none, {}, {})}).packed);
}

TEST(StridedPlan, PacksNeedWholeRowsAndAlignedNeighbours) {
  alignas(16) static const float data[8] = {};
  const auto packs = [](std::initializer_list<Array> operands) {
    StridedPlan plan = plan_of(operands);
    plan.use_packs(std::span(operands.begin(), operands.size()), 4);
    return plan;
  };
  const Array matrix = array(data, {6, 8}, {8, 1});
  EXPECT_TRUE(packs({matrix, matrix}).in_packs);
  EXPECT_TRUE(packs({array(data, {7}, {1})}).in_packs);  // the rest one by one
  EXPECT_EQ(packs({matrix, array(data, {6, 8}, {0, 1})}).repeats, 0);
  EXPECT_EQ(packs({matrix, array(data, {6, 8}, {1, 0})}).repeats, 2);
  EXPECT_TRUE(packs({matrix, array(data, {6, 8}, {1, 0})}).in_packs);
  EXPECT_FALSE(packs({matrix, array(data + 1, {6, 8}, {8, 1})}).in_packs);
  EXPECT_TRUE(packs({matrix, array(data + 1, {6, 8}, {1, 0})}).in_packs);
  EXPECT_FALSE(packs({matrix, array(data, {6, 8}, {9, 1})}).in_packs);
  EXPECT_FALSE(packs({matrix, array(data, {6, 8}, {8, 2})}).in_packs);
  EXPECT_FALSE(packs({matrix, array(data + 7, {6, 8}, {8, -1})}).in_packs);
  EXPECT_FALSE(packs({array(data, {8, 6}, {6, 1}), array(data, {8, 6}, {0, 1})}).in_packs);
  EXPECT_FALSE(packs({array(data, {}, {})}).in_packs);
}

TEST(StridedPlan, FollowsTheOrderOfTheOutput) {
  const float* none = nullptr;
  const Array last = array(none, {2, 3, 4, 5}, {60, 1, 15, 3});  // channels last
  EXPECT_TRUE(plan_of({last, last}).packed);
  EXPECT_FALSE(plan_of({last, last}, PlanOrder::row_major).packed);
  const StridedPlan plan = plan_of({last, array(none, {2, 3, 4, 5}, {60, 20, 5, 1})});
  EXPECT_EQ(plan.rank, 3);
  EXPECT_EQ(plan.dims[0].value, 3u);
  EXPECT_EQ(plan.strides[0][0], 1);
  EXPECT_EQ(plan.strides[1][0], 20);
}

TEST(StridedPlan, FindsEveryElement) {
  const float* none = nullptr;
  const StridedPlan plan = plan_of({array(none, {3, 5, 7}, {35, 7, 1}), array(none, {3, 5, 7}, {1, 30, 3})});
  for (uint32_t i = 0; i < 105; ++i) {
    int32_t offset[2] = {};
    plan.add_offsets(i, offset);
    EXPECT_EQ(offset[0], static_cast<int32_t>(i));
    EXPECT_EQ(offset[1], static_cast<int32_t>(i / 35 + i / 7 % 5 * 30 + i % 7 * 3));
  }
}

TEST(StridedPlan, RefusesWhatItCannotHold) {
  const float* none = nullptr;
  const Array small = array(none, {2, 2}, {2, 1});
  EXPECT_THROW(plan_of({small, array(none, {4}, {1})}), Error);
  EXPECT_THROW(plan_of({small, array(none, {2, 3}, {3, 1})}), Error);
  EXPECT_THROW(plan_of({array(none, {1 << 16, 1 << 16}, {0, 0})}), Error);
  EXPECT_THROW(plan_of({array(none, {2}, {int64_t{1} << 40})}), Error);
  EXPECT_THROW(plan_of({array(none, {2, 2}, {-(int64_t{1} << 30), int64_t{1} << 30})}), Error);
  EXPECT_THROW(plan_of({small, small, small, small, small}), Error);
  EXPECT_NO_THROW(plan_of({array(none, {2}, {INT32_MAX})}));
  EXPECT_EQ(plan_of({array(none, {int64_t{1} << 40, 0, int64_t{1} << 40}, {1, 1, 1})}).count, 0u);
}

TEST(Divisor, DividesAllThatFits) {
  constexpr uint32_t kMost = INT32_MAX;
  for (uint32_t d : {1u, 2u, 3u, 5u, 7u, 64u, 100u, 641u, 65535u, 65536u, 65537u, 1000003u, 1u << 30, (1u << 30) + 1,
                     kMost - 1, kMost}) {
    const Divisor divisor(d);
    for (uint32_t n : {0u, 1u, 2u, d - 1, d, d + 1, 12345u, 1u << 20, kMost / 2, kMost - 1, kMost}) {
      if (n > kMost) continue;
      ASSERT_EQ(divisor.quotient(n), n / d) << n << " by " << d;
    }
    for (uint64_t n = 1; n <= kMost; n = n * 3 + 1) {
      ASSERT_EQ(divisor.quotient(static_cast<uint32_t>(n)), n / d) << n << " by " << d;
    }
  }
}

}  // namespace
}  // namespace gg::testing
