// Pooling and resizing on the device against the CPU's.
#include "cuda/pool_kernels.h"

#include <limits>

#include "cpu/bilinear.h"
#include "cpu/pool.h"
#include "cuda/bilinear.h"
#include "tests/emulator/device_tensors.h"

namespace gg::testing {
namespace {

class Pool : public KernelTest {
 protected:
  using View = Tensor (*)(const Tensor&);
  static Tensor same(const Tensor& t) { return t; }
  static Tensor channels_last(const Tensor& t) { return permute(t, {0, 3, 1, 2}); }
  static Tensor every_other(const Tensor& t) { return slice(t, 3, 1, kEnd, 2); }

  static Pair blank(const Shape& shape, DType type, const Tensor& like) {
    return Pair(full(shape, 77, {type})).view([&](const Tensor& t) {
      return t.with_layout(Layout::dense_like(shape, like.layout()));
    });
  }

  static void check_windows(const Pair& x, const Pool2dOptions& o) {
    const DType type = x.host.dtype();
    SCOPED_TRACE(str("windows ", to_string(o.kernel), " over ", type, " ", x.host.shape()));
    const Shape s = x.host.shape();
    const Shape pooled{s[0], s[1], window_places(s[2], o, 0), window_places(s[3], o, 1)};
    Pair index = blank(pooled, i64, zeros(pooled)), values = blank(pooled, type, zeros(pooled));
    cpu::max_pool2d(values.host.array(), index.host.array(), x.host.array(), o);
    device::max_pool2d(values.device.array(), index.device.array(), x.device.array(), o);
    expect_equal(index);
    expect_equal(values);
    if (!(o.dilation == Size2(1))) return;
    Pair mean = blank(pooled, type, x.host), dx = blank(s, type, x.host);
    cpu::avg_pool2d(mean.host.array(), x.host.array(), o);
    device::avg_pool2d(mean.device.array(), x.device.array(), o);
    expect_close(mean, tolerance_of(type), 1);
    const Pair g = Pair(mean.host);
    cpu::avg_pool2d_adjoint(dx.host.array(), g.host.array(), o);
    device::avg_pool2d_adjoint(dx.device.array(), g.device.array(), o);
    expect_close(dx, tolerance_of(type), 1);
  }

  static void check_resize(const Pair& x, int64_t height, int64_t width) {
    const DType type = x.host.dtype();
    SCOPED_TRACE(str("resizing ", type, " ", x.host.shape(), " to ", height, " x ", width));
    const Shape s = x.host.shape(), shape{s[0], s[1], height, width};
    Pair out = blank(shape, type, x.host), dx = blank(s, type, x.host);
    cpu::interpolate_nearest(out.host.array(), x.host.array());
    device::interpolate_nearest(out.device.array(), x.device.array());
    expect_equal(out);
    const Pair g(randn(shape, {type}));
    cpu::interpolate_nearest_adjoint(dx.host.array(), g.host.array());
    device::interpolate_nearest_adjoint(dx.device.array(), g.device.array());
    expect_close(dx, tolerance_of(type), 1);
    for (bool align : {false, true}) {
      const LinearAxes axes{LinearAxis::of(s[2], height, align), LinearAxis::of(s[3], width, align)};
      cpu::interpolate_bilinear(out.host.array(), x.host.array(), axes);
      device::interpolate_bilinear(out.device.array(), x.device.array(), axes);
      expect_close(out, tolerance_of(type), 1);
      cpu::interpolate_bilinear_adjoint(dx.host.array(), g.host.array(), axes);
      device::interpolate_bilinear_adjoint(dx.device.array(), g.device.array(), axes);
      expect_close(dx, tolerance_of(type), 1);
    }
  }
};

TEST_F(Pool, WindowsOfAllKinds) {
  under_schedules([] {
    for (DType type : {f32, f64}) {
      for (View view : {same, channels_last, every_other}) {
        const Pair x = Pair(few_values({2, 9, 7, 11}, type)).view(view);
        check_windows(x, {.kernel = 1, .stride = 1});
        check_windows(x, {.kernel = 2, .stride = 2});
        check_windows(x, {.kernel = 3, .stride = 1, .padding = 1});
        check_windows(x, {.kernel = {4, 3}, .stride = {3, 2}, .padding = {2, 1}});
        check_windows(x, {.kernel = {2, 1}, .stride = {3, 4}});  // windows with gaps between them
        check_windows(x, {.kernel = {3, 2}, .stride = {1, 2}, .padding = {1, 0}, .dilation = {2, 3}});
        check_windows(x, {.kernel = {7, 4}, .stride = {7, 4}});
        check_windows(x, {.kernel = 2, .stride = 1, .padding = 1, .dilation = 2});
      }
    }
  });
  check_windows(Pair(randn({3, 5, 30, 31})), {.kernel = 3, .stride = 2, .padding = 1});
}

TEST_F(Pool, NanWinsAndInfinityDoesNotHide) {
  const double inf = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  const Tensor x = tensor({{-inf, -inf, 1, nan, 2, nan}, {-inf, -inf, inf, 0, nan, 5}});
  for (DType type : {f32, f64}) check_windows(Pair(to(reshape(x, {1, 1, 2, 6}), type)), {.kernel = 2, .stride = 2});
}

TEST_F(Pool, NearestUpAndDown) {
  under_schedules([] {
    for (DType type : {f32, f64}) {
      for (View view : {same, channels_last, every_other}) {
        const Pair x = Pair(randn({2, 9, 7, 11}, {type})).view(view);
        const int64_t h = x.host.size(2), w = x.host.size(3);
        check_resize(x, h, w);
        check_resize(x, 2 * h, 3 * w);
        check_resize(x, 2 * h + 1, w + 3);
        check_resize(x, (h + 1) / 2, w - 2);
        check_resize(x, 1, 1);
      }
    }
  });
}

TEST_F(Pool, EmptySizes) {
  for (const Shape& shape : {Shape{0, 3, 4, 4}, Shape{2, 0, 4, 4}}) {
    check_windows(Pair(zeros(shape)), {.kernel = 2, .stride = 2});
    check_resize(Pair(zeros(shape)), 3, 5);
  }
}

TEST_F(Pool, WrongArgumentsAreRefused) {
  const Tensor x = to(zeros({1, 1, 4, 4}), kTestDevice), y = to(zeros({1, 1, 3, 3}), kTestDevice);
  EXPECT_THROW(device::avg_pool2d(y.array(), x.array(), {.kernel = 2, .stride = 2}), Error);
  EXPECT_THROW(device::max_pool2d(y.array(), y.array(), x.array(), {.kernel = 2, .stride = 1}), Error);  // not int64
  EXPECT_THROW(device::avg_pool2d(y.array(), x.array(), {.kernel = 2, .stride = 1, .padding = 2}), Error);
  EXPECT_THROW(device::interpolate_nearest(to(zeros({1, 2, 3, 3}), kTestDevice).array(), x.array()), Error);
  EXPECT_THROW(device::interpolate_nearest(x.array(), to(zeros({1, 1, 0, 3}), kTestDevice).array()), Error);
}

}  // namespace
}  // namespace gg::testing
