// Copies between layouts and types on the device, fills, and moves of views between devices.
#include "cuda/copy.h"

#include <cmath>
#include <limits>
#include <numeric>

#include "autograd/raw.h"
#include "core/error.h"
#include "cpu/copy.h"
#include "ops/ops.h"
#include "tests/emulator/device_array.h"

namespace gg::testing {
namespace {

constexpr Device kDevice = Device::GG_TEST_DEVICE;

using DeviceCopy = DeviceTest;

Tensor counting(const Shape& shape, DType dtype) {
  return reshape(to(arange(1, static_cast<double>(shape.numel() + 1)), dtype), shape);
}

/// Compares copies of `view(x)` into `view_out(out)` on both devices; `out` is filled with 0 before.
void expect_same_copy(const Tensor& x, const Shape& out_shape, DType out_type,
                      const std::function<Tensor(const Tensor&)>& view,
                      const std::function<Tensor(const Tensor&)>& view_out) {
  Tensor here = zeros(out_shape, {out_type}), there = zeros(out_shape, {out_type, kDevice});
  raw::copy_into(view_out(here), view(x));
  raw::copy_into(view_out(there), view(to(x, kDevice)));
  visit_any(out_type, [&]<class T>() { EXPECT_EQ(there.to_vector<T>(), here.to_vector<T>()); });
}

TEST_F(DeviceCopy, AxesAreExchangedInTiles) {
  const auto same = [](const Tensor& t) { return t; };
  for (DType type : {f32, f64, boolean}) {
    // Less than a tile, exactly one, several with rests, more tiles than a round of the grid has blocks.
    for (auto [rows, cols] : {std::pair<int64_t, int64_t>{8, 8}, {9, 31}, {32, 32}, {33, 65}, {70, 40}, {300, 1000}}) {
      SCOPED_TRACE(str(name_of(type), " ", rows, " x ", cols));
      Tensor x = type == boolean
                     ? eq(counting({rows, cols}, i64) * counting({rows, cols}, i64), counting({rows, cols}, i64))
                     : counting({rows, cols}, type);
      expect_same_copy(
          x, {cols, rows}, type, [](const Tensor& t) { return transpose(t); }, same);
    }
  }
  // Batches of images, into channels-last order and back; and a part of one.
  Tensor images = counting({3, 11, 9, 7}, f32);
  const auto last = [](const Tensor& t) { return permute(t, {0, 2, 3, 1}); };
  expect_same_copy(images, {3, 9, 7, 11}, f32, last, same);
  expect_same_copy(images, {3, 11, 9, 7}, f32, same, [](const Tensor& t) {
    return permute(t.with_layout(Layout::contiguous({3, 9, 7, 11})), {0, 3, 1, 2});
  });
  expect_same_copy(
      images, {2, 9, 7, 10}, f32, [&](const Tensor& t) { return slice(slice(last(t), 0, 1, 3), 3, 1, 11); }, same);
}

TEST_F(DeviceCopy, OtherLayoutsElementByElement) {
  const auto same = [](const Tensor& t) { return t; };
  Tensor x = counting({4, 5, 6}, f32);
  expect_same_copy(x, {4, 5, 6}, f32, same, same);
  expect_same_copy(
      x, {6, 5, 4}, f32, [](const Tensor& t) { return transpose(t, 0, 2); }, same);  // axes too short
  expect_same_copy(
      x, {4, 5, 3}, f32, [](const Tensor& t) { return slice(t, 2, 0, 6, 2); }, same);
  expect_same_copy(x, {9, 5, 6}, f32, same, [](const Tensor& t) { return slice(t, 0, 1, 9, 2); });
  expect_same_copy(
      counting({5, 1}, i64), {4, 5, 6}, i64,
      [](const Tensor& t) {
        return expand(t, {4, 5, 6});
      },
      same);
  expect_same_copy(counting({}, f64), {}, f64, same, same);
  expect_same_copy(zeros({0, 3}), {0, 3}, f32, same, same);
}

TEST_F(DeviceCopy, EveryTypeIntoEveryOther) {
  constexpr double inf = std::numeric_limits<double>::infinity();
  Tensor x = tensor({0, 1, -1, 2.75, -2.75, NAN, 9e18, 1e19, -1e19, inf, -inf, 3e38, 1e-300}, {f64});
  const auto same = [](const Tensor& t) { return t; };
  for (DType from : {f32, f64, i64, boolean}) {
    Tensor source = to(x, from);
    for (DType into : {f32, f64, i64, boolean}) {
      SCOPED_TRACE(str(name_of(from), " to ", name_of(into)));
      Tensor here = to(source, into), there = to(to(source, kDevice), into);
      visit_any(into, [&]<class T>() {
        const auto a = here.to_vector<T>(), b = there.to_vector<T>();
        for (size_t i = 0; i < a.size(); ++i) {
          if constexpr (std::is_floating_point_v<T>) {
            EXPECT_TRUE(a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i]))) << i << ": " << a[i] << " " << b[i];
          } else {
            EXPECT_EQ(a[i], b[i]) << i;
          }
        }
      });
      Tensor strided = expand(unsqueeze(slice(source, 0, 0, 3), 1), {3, 2});
      if (from != into) expect_same_copy(strided, {2, 3}, into, same, [](const Tensor& t) { return transpose(t); });
    }
  }
}

TEST_F(DeviceCopy, ViewsMoveBetweenDevices) {
  Tensor x = counting({4, 6}, f32);
  Tensor there = to(x, kDevice);
  // Each of these threw before there were copies of views on devices.
  EXPECT_EQ(to(transpose(there), Device::cpu).to_vector<float>(), transpose(x).to_vector<float>());
  EXPECT_EQ(to(slice(there, 1, 1, 6, 2), Device::cpu).to_vector<float>(), slice(x, 1, 1, 6, 2).to_vector<float>());
  EXPECT_EQ(to(expand(there, {2, 4, 6}), Device::cpu).to_vector<float>(), expand(x, {2, 4, 6}).to_vector<float>());
  EXPECT_EQ(to(slice(x, 1, 1, 6, 2), kDevice).to_vector<float>(), slice(x, 1, 1, 6, 2).to_vector<float>());
  EXPECT_EQ(clone(slice(there, 1, 1, 6, 2)).to_vector<float>(), slice(x, 1, 1, 6, 2).to_vector<float>());
  EXPECT_EQ(contiguous(transpose(there)).to_vector<float>(), transpose(x).to_vector<float>());

  // The axis order travels along.
  Tensor image = permute(counting({2, 4, 5, 3}, f32), {0, 3, 1, 2});
  Tensor moved = to(image, kDevice);
  EXPECT_TRUE(moved.layout().same_order(image.layout()));
  EXPECT_EQ(moved.to_vector<float>(), image.to_vector<float>());
  EXPECT_TRUE(to(moved, Device::cpu).layout().same_order(image.layout()));

  // Into a view of another order and type on the other side.
  Tensor target = zeros({6, 8}, {f64});
  raw::copy_into(transpose(slice(target, 1, 0, 8, 2)), there);
  EXPECT_EQ(slice(target, 1, 0, 8, 2).to_vector<double>(), to(transpose(x), f64).to_vector<double>());
  Tensor target_there = zeros({6, 8}, {i64, kDevice});
  raw::copy_into(transpose(slice(target_there, 1, 0, 8, 2)), x);
  EXPECT_EQ(slice(target_there, 1, 0, 8, 2).to_vector<int64_t>(), to(transpose(x), i64).to_vector<int64_t>());
}

TEST_F(DeviceCopy, FillsAndCounts) {
  for (DType type : {f32, f64, i64, boolean}) {
    Tensor whole = zeros({7, 6}, {type, kDevice}), here = zeros({7, 6}, {type});
    Tensor part = slice(whole, 1, 1, 6, 2), part_here = slice(here, 1, 1, 6, 2);
    device::fill(part.array(), 2.5);
    cpu::fill(part_here.array(), 2.5);
    visit_any(type, [&]<class T>() { EXPECT_EQ(whole.to_vector<T>(), here.to_vector<T>()); });
    device::fill(whole.array(), (int64_t{1} << 60) + 1);  // no double
    if (type != i64) continue;
    EXPECT_EQ(whole.to_vector<int64_t>()[5], (int64_t{1} << 60) + 1);
  }
  for (DType type : {f32, f64, i64}) {
    Tensor whole = zeros({3000}, {type, kDevice}), here = zeros({3000}, {type});
    device::arange(slice(whole, 0, 0, 3000, 3).array(), 0.1, 0.7);
    cpu::arange(slice(here, 0, 0, 3000, 3).array(), 0.1, 0.7);
    visit_any(type, [&]<class T>() { EXPECT_EQ(whole.to_vector<T>(), here.to_vector<T>()); });
    device::arange(whole.array(), int64_t{5}, int64_t{-2});
    cpu::arange(here.array(), int64_t{5}, int64_t{-2});
    visit_any(type, [&]<class T>() { EXPECT_EQ(whole.to_vector<T>(), here.to_vector<T>()); });
  }
  EXPECT_THROW(device::arange(zeros({3}, {boolean, kDevice}).array(), 0.0, 1.0), Error);
  EXPECT_THROW(device::copy(zeros({3}, {f32, kDevice}).array(), zeros({2}, {f32, kDevice}).array()), Error);
}

TEST(Devices, OnlyTheFirstOfEachKindIsUsed) {
  EXPECT_FALSE(is_available(Device(Device::GG_TEST_DEVICE, 1)));
  try {
    zeros({2}, {f32, Device(Device::cuda, 1)});
    ADD_FAILURE() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("cuda:1: only the first device"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace gg::testing
