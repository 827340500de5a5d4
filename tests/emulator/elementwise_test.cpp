// The elementwise launch: packs and tails, misaligned pointers, strides, broadcasting, and sizes that must be refused.
#include <cmath>
#include <numeric>

#include "core/error.h"
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

StridedLayout layout(std::initializer_list<int64_t> dims, std::initializer_list<int64_t> strides) {
  StridedLayout l;
  l.rank = static_cast<int>(dims.size());
  std::copy(dims.begin(), dims.end(), l.dims);
  std::copy(strides.begin(), strides.end(), l.strides);
  return l;
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
      device::axpy<TypeParam>(3, x_device.data() + shift, y_device.data() + shift, out.data() + shift,
                              static_cast<int64_t>(n));
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
  device::axpy<TypeParam>(2, x_device.data(), layout({kPlanes, kRows, kCols}, {kRows * kCols, 1, kRows}),
                          y_device.data() + kCols - 1, layout({kPlanes, kRows, kCols}, {0, 0, -1}), out.data(),
                          layout({kPlanes, kRows, kCols}, {kRows * kCols, kCols, 1}));
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

TYPED_TEST(Elementwise, ScalarsAndEmptyShapes) {
  DeviceArray<TypeParam> x(std::vector<TypeParam>{5}), y(std::vector<TypeParam>{1}), out(std::vector<TypeParam>{0});
  device::axpy<TypeParam>(2, x.data(), layout({}, {}), y.data(), layout({}, {}), out.data(), layout({}, {}));
  EXPECT_EQ(out.host()[0], 11);
  const auto empty = layout({3, 0}, {9, 1});
  device::axpy<TypeParam>(9, x.data(), empty, y.data(), empty, out.data(), empty);
  EXPECT_EQ(out.host()[0], 11);
}

using ElementwiseMixed = DeviceTest;

TEST_F(ElementwiseMixed, TypesOfDifferentSizeAndNoInputs) {
  const auto x = counting<float>(1003, 0);
  DeviceArray<float> x_device(x);
  DeviceArray<bool> out(x.size());
  device::above(500.5f, x_device.data(), out.data(), 1003);
  std::vector<unsigned char> bytes(x.size());
  device::copy_to_host(bytes.data(), out.data(), bytes.size());
  for (size_t i = 0; i < x.size(); ++i) ASSERT_EQ(bytes[i], i > 500);

  DeviceArray<double> filled(77);
  device::fill(2.5, filled.data(), 77);
  EXPECT_EQ(filled.host(), std::vector<double>(77, 2.5));
}

TEST_F(ElementwiseMixed, WhatDoesNotFitIn32BitsIsRefused) {
  float* none = nullptr;
  EXPECT_THROW(device::axpy<float>(1, none, none, none, int64_t{1} << 31), Error);
  EXPECT_THROW(device::axpy<float>(1, none, none, none, -1), Error);
}

TEST(StridedPlan, MergesAxesThatLieBehindOneAnother) {
  const auto dense = layout({2, 3, 4}, {12, 4, 1});
  const auto plan = make_plan<2>("test", {dense, dense});
  EXPECT_EQ(plan.rank, 1);
  EXPECT_EQ(plan.count, 24u);
  EXPECT_TRUE(plan.is_contiguous());
  const auto mixed = make_plan<2>("test", {dense, layout({2, 3, 4}, {0, 4, 1})});
  EXPECT_EQ(mixed.rank, 2);  // the first axis is repeated in one operand
  EXPECT_FALSE(mixed.is_contiguous());
  EXPECT_TRUE(make_plan<1>("test", {layout({1, 4, 1}, {99, 1, 99})}).is_contiguous());
}

TEST(StridedPlan, RefusesWhatItCannotHold) {
  const auto small = layout({2, 2}, {2, 1});
  EXPECT_THROW((make_plan<2>("test", {small, layout({4}, {1})})), Error);
  EXPECT_THROW((make_plan<2>("test", {small, layout({2, 3}, {3, 1})})), Error);
  EXPECT_THROW((make_plan<1>("test", {layout({1 << 16, 1 << 16}, {0, 0})})), Error);
  EXPECT_THROW((make_plan<1>("test", {layout({2}, {int64_t{1} << 40})})), Error);
  EXPECT_THROW((make_plan<1>("test", {layout({2, 2}, {-(int64_t{1} << 30), int64_t{1} << 30})})), Error);
  EXPECT_THROW((make_plan<1>("test", {layout({-2}, {1})})), Error);
  EXPECT_NO_THROW((make_plan<1>("test", {layout({2}, {INT32_MAX})})));
  EXPECT_EQ((make_plan<1>("test", {layout({int64_t{1} << 40, 0, int64_t{1} << 40}, {1, 1, 1})}).count), 0u);
}

}  // namespace
}  // namespace gg::testing
