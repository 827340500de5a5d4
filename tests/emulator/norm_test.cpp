// Layer and batch norm on the device against the CPU's, in all forms in which rows and channels are cut.
#include "cuda/norm_kernels.h"

#include <limits>

#include "cpu/norm.h"
#include "tests/emulator/device_tensors.h"

namespace gg::testing {
namespace {

class Norm : public KernelTest {
 protected:
  static constexpr double kEps = 1e-5;

  static Pair random(const Shape& shape, DType type) { return Pair(randn(shape, {type})); }
  static Pair blank(const Shape& shape, DType type) { return Pair(full(shape, 77, {type})); }

  static void check_layer(const Pair& x, double scale = 3, bool packed = false) {
    for (bool centred : {true, false}) check_rows(x, centred, scale, packed);
  }

  static void check_rows(const Pair& x, bool centred, double scale, bool packed) {
    const DType type = x.host.dtype();
    const int64_t rows = x.host.size(0), n = x.host.size(1);
    SCOPED_TRACE(str(centred ? "layer norm of " : "RMS norm of ", type, " ", x.host.shape()));
    const double tolerance = tolerance_of(type);
    const Pair w = packed ? random({n}, type)
                          : random({2 * n}, type).view([](const Tensor& t) { return slice(t, 0, 0, kEnd, 2); });
    const Pair b = random({n}, type), g = random({rows, n}, type);
    Pair out = blank({rows, n}, type), mean = blank({rows}, type), rstd = blank({rows}, type);
    cpu::layer_norm_forward(out.host.array(), mean.host.array(), rstd.host.array(), x.host.array(), w.host.array(),
                            b.host.array(), kEps, centred);
    device::layer_norm_forward(out.device.array(), mean.device.array(), rstd.device.array(), x.device.array(),
                               w.device.array(), b.device.array(), kEps, centred);
    expect_close(out, tolerance, scale);
    expect_close(mean, tolerance, 1);
    expect_close(rstd, tolerance, 1);

    const Pair m(mean.host), r(rstd.host);
    Pair dx = blank({rows, n}, type), dw = blank({n}, type), db = blank({n}, type);
    cpu::layer_norm_backward(dx.host.array(), dw.host.array(), db.host.array(), g.host.array(), x.host.array(),
                             m.host.array(), r.host.array(), w.host.array(), centred);
    device::layer_norm_backward(dx.device.array(), dw.device.array(), db.device.array(), g.device.array(),
                                x.device.array(), m.device.array(), r.device.array(), w.device.array(), centred);
    expect_close(dx, 2 * tolerance, scale);
    const double size = std::sqrt(static_cast<double>(rows)) * scale;
    expect_close(dw, tolerance, size);
    expect_close(db, tolerance, size);

    for (bool weight : {false, true}) {  // those that are not wanted
      const Array none{nullptr, type, {n}, {}};
      Pair alone = blank({rows, n}, type), db_alone = blank({n}, type);
      device::layer_norm_backward(alone.device.array(), none, weight ? db_alone.device.array() : none, g.device.array(),
                                  x.device.array(), m.device.array(), r.device.array(), w.device.array(), centred);
      cpu::layer_norm_backward(alone.host.array(), none, weight ? db_alone.host.array() : none, g.host.array(),
                               x.host.array(), m.host.array(), r.host.array(), w.host.array(), centred);
      expect_close(alone, 2 * tolerance, scale);
      expect_close(db_alone, tolerance, size);
    }
    if (rows > 4000) return;  // only the kernels above differ there

    const Pair v = random({rows, n}, type);
    Pair dg = blank({rows, n}, type);
    cpu::layer_norm_double_backward(dg.host.array(), dx.host.array(), dw.host.array(), v.host.array(), g.host.array(),
                                    x.host.array(), m.host.array(), r.host.array(), w.host.array(), centred);
    device::layer_norm_double_backward(dg.device.array(), dx.device.array(), dw.device.array(), v.device.array(),
                                       g.device.array(), x.device.array(), m.device.array(), r.device.array(),
                                       w.device.array(), centred);
    expect_close(dg, 4 * tolerance, scale);
    expect_close(dx, 4 * tolerance, scale * scale);
    expect_close(dw, tolerance, size);
    const Array none{nullptr, type, {n}, {}};  // that in w is not wanted
    Pair dg_alone = blank({rows, n}, type);
    device::layer_norm_double_backward(dg_alone.device.array(), dx.device.array(), none, v.device.array(),
                                       g.device.array(), x.device.array(), m.device.array(), r.device.array(),
                                       w.device.array(), centred);
    cpu::layer_norm_double_backward(dg_alone.host.array(), dx.host.array(), none, v.host.array(), g.host.array(),
                                    x.host.array(), m.host.array(), r.host.array(), w.host.array(), centred);
    expect_close(dg_alone, 4 * tolerance, scale);
  }

  static void check_batch(const Pair& x, double scale = 3) {
    const DType type = x.host.dtype();
    const int64_t channels = x.host.size(1);
    const auto count = static_cast<double>(x.host.numel()) / static_cast<double>(std::max<int64_t>(channels, 1));
    SCOPED_TRACE(str("batch norm of ", type, " ", x.host.shape()));
    const double tolerance = tolerance_of(type);
    Pair mean = blank({channels}, type), var = blank({channels}, type);
    cpu::batch_norm_statistics(mean.host.array(), var.host.array(), x.host.array());
    device::batch_norm_statistics(mean.device.array(), var.device.array(), x.device.array());
    expect_close(mean, tolerance, 1);
    expect_close(var, tolerance, 1);

    const Pair m(mean.host), v(var.host), b = random({channels}, type);
    const Pair w = random({3 * channels}, type).view([](const Tensor& t) { return slice(t, 0, 1, kEnd, 3); });
    auto like_x = [&](const Tensor& t) { return t.with_layout(Layout::dense_like(x.host.shape(), x.host.layout())); };
    const Pair g = random(x.host.shape(), type);
    const Pair out = blank(x.host.shape(), type).view(like_x), dx = blank(x.host.shape(), type).view(like_x);
    cpu::batch_norm_forward(out.host.array(), x.host.array(), m.host.array(), v.host.array(), w.host.array(),
                            b.host.array(), kEps);
    device::batch_norm_forward(out.device.array(), x.device.array(), m.device.array(), v.device.array(),
                               w.device.array(), b.device.array(), kEps);
    expect_close(out, 2 * tolerance, scale);
    Pair dw = blank({channels}, type), db = blank({channels}, type);
    cpu::batch_norm_backward(dx.host.array(), dw.host.array(), db.host.array(), g.host.array(), x.host.array(),
                             m.host.array(), v.host.array(), w.host.array(), kEps);
    device::batch_norm_backward(dx.device.array(), dw.device.array(), db.device.array(), g.device.array(),
                                x.device.array(), m.device.array(), v.device.array(), w.device.array(), kEps);
    expect_close(dx, 2 * tolerance, scale);
    expect_close(dw, tolerance, std::sqrt(count) * scale);
    expect_close(db, tolerance, std::sqrt(count) * scale);
    cpu::channel_gradients(dw.host.array(), db.host.array(), g.host.array(), x.host.array(), m.host.array());
    device::channel_gradients(dw.device.array(), db.device.array(), g.device.array(), x.device.array(),
                              m.device.array());
    cpu::channel_combine(dx.host.array(), g.host.array(), x.host.array(), m.host.array(), w.host.array(),
                         v.host.array(), b.host.array());
    device::channel_combine(dx.device.array(), g.device.array(), x.device.array(), m.device.array(), w.device.array(),
                            v.device.array(), b.device.array());
    expect_close(dx, 2 * tolerance, 3 * scale);
    expect_close(dw, tolerance, std::sqrt(count) * scale);
    expect_close(db, tolerance, std::sqrt(count) * scale);
  }

  static Pair channels_last(const Pair& x) {
    return x.view([](const Tensor& t) { return permute(t, {0, 3, 1, 2}); });
  }
};

TEST_F(Norm, LayerNormOfRowsOfAnyLength) {
  under_schedules([] {
    for (DType type : {f32, f64}) {
      for (auto [rows, n] : {std::pair<int64_t, int64_t>{1, 2}, {70, 3}, {33, 17}, {9, 130}, {3, 1030}, {2, 2500}}) {
        check_layer(random({rows, n}, type));
      }
    }
  });
  check_layer(random({3001, 5}, f32));  // the weight's gradient in parts
}

TEST_F(Norm, LayerNormOfAnyLayout) {
  for (DType type : {f32, f64}) {
    const Pair x = random({14, 22}, type);
    check_layer(x.view([](const Tensor& t) { return transpose(t, 0, 1); }));
    check_layer(x.view([](const Tensor& t) { return slice(t, 1, 1, kEnd, 3); }));
    check_layer(x.view([](const Tensor& t) { return expand(slice(t, 0, 3, 4), {9, 22}); }));
  }
  check_layer(random({7, 2500}, f32).view([](const Tensor& t) { return transpose(t, 0, 1); }));  // one thread a row
}

TEST_F(Norm, LayerNormOfContiguousRows) {
  under_schedules([] {
    for (DType type : {f32, f64}) {
      for (auto [rows, n] : {std::pair<int64_t, int64_t>{70, 4}, {9, 64}, {3, 516}, {5, 1024}, {3, 1028}}) {
        check_layer(random({rows, n}, type), 3, true);
      }
      // All gradients at once: one or more rows in a block, the last piece whole or not.
      for (auto [rows, n] : {std::pair<int64_t, int64_t>{64, 96}, {67, 100}, {69, 260}}) {
        check_layer(random({rows, n}, type), 3, true);
      }
    }
  });
  for (DType type : {f32, f64}) {
    for (int64_t n : {1028, 2052, 4100}) check_layer(random({66, n}, type), 3, true);
    const Pair wide = random({70, 136}, type);
    check_layer(wide.view([](const Tensor& t) { return slice(t, 1, 4, 132); }), 3, true);
    check_layer(wide.view([](const Tensor& t) { return slice(t, 1, 1, 129); }), 3, true);  // not aligned
    check_layer(wide.view([](const Tensor& t) { return slice(t, 1, 4, 132); }));           // a weight with gaps
  }
  check_layer(random({12289, 96}, f32), 3, true);  // pieces of more than 8 rows
}

TEST_F(Norm, BatchNormOfImagesVectorsAndChannelsLast) {
  under_schedules([] {
    for (DType type : {f32, f64}) {
      for (const Shape& shape :
           {Shape{5, 3}, {2, 1}, {70, 9}, {3, 5, 7, 6}, {2, 3, 11, 13}, {4, 2, 3}, {2, 3, 4, 6}, {3, 1, 8}, {7, 1}}) {
        check_batch(random(shape, type));
      }
      check_batch(channels_last(random({3, 5, 6, 7}, type)));
      check_batch(channels_last(random({2, 3, 4, 37}, type)));
    }
  });
  check_batch(random({37, 2, 30, 31}, f32));  // in parts
  check_batch(random({3, 2, 4, 20}, f32).view([](const Tensor& t) { return slice(t, 3, 4, 12); }));
  check_batch(random({3, 2, 4, 20}, f32).view([](const Tensor& t) { return slice(t, 3, 1, 9); }));  // not aligned
  check_batch(channels_last(random({9, 30, 31, 5}, f32)));
  check_batch(random({4, 6, 5, 9}, f32).view([](const Tensor& t) { return slice(t, 3, 0, kEnd, 2); }));
  check_batch(random({6, 4, 5, 9}, f32).view([](const Tensor& t) { return transpose(t, 0, 2); }));
}

TEST_F(Norm, ALargeMeanCostsNoDigits) {
  // Exactly representable: multiples of 1/64 around 2^17.
  std::vector<double> values = doubles(randint(-64, 65, {40, 4, 9}));
  for (double& v : values) v = 131072 + v / 64;
  const Tensor exact = from_vector(values, {40, 4, 9});
  const Tensor mean64 = zeros({4}, {f64}), var64 = zeros({4}, {f64});
  cpu::batch_norm_statistics(mean64.array(), var64.array(), exact.array());
  const Tensor x = to(to(exact, f32), kTestDevice), mean = to(zeros({4}), kTestDevice),
               var = to(zeros({4}), kTestDevice);
  device::batch_norm_statistics(mean.array(), var.array(), x.array());
  for (int c = 0; c < 4; ++c) {
    EXPECT_NEAR(doubles(mean)[c], doubles(mean64)[c], 0.01);
    EXPECT_NEAR(doubles(var)[c], doubles(var64)[c], 1e-6 * doubles(var64)[c]);
  }
  // Layer norm's mean is rounded to float32 before distances are taken to it, as on the CPU.
  const Tensor rows = reshape(x, {40, 36}), out = to(zeros({40, 36}), kTestDevice), stat = to(zeros({40}), kTestDevice),
               rstd = to(zeros({40}), kTestDevice), w = to(ones({36}), kTestDevice), b = to(zeros({36}), kTestDevice);
  device::layer_norm_forward(out.array(), stat.array(), rstd.array(), rows.array(), w.array(), b.array(), kEps);
  const Tensor wide = reshape(exact, {40, 36});
  const Tensor expected = rsqrt(gg::var(wide, 1, {.correction = 0}) + kEps);
  for (int i = 0; i < 40; ++i) EXPECT_NEAR(doubles(rstd)[i], doubles(expected)[i], 3e-4 * doubles(expected)[i]);
}

TEST_F(Norm, AnOutlierInFrontCostsFewDigits) {
  auto values = doubles(randn({1, 1, 20011}, {f64}));
  values[0] = 1e5;
  const Tensor exact = from_vector(values, {1, 1, 20011}), mean64 = zeros({1}, {f64}), var64 = zeros({1}, {f64});
  cpu::batch_norm_statistics(mean64.array(), var64.array(), to(to(exact, f32), f64).array());
  const Tensor x = to(to(exact, f32), kTestDevice), mean = to(zeros({1}), kTestDevice),
               var = to(zeros({1}), kTestDevice);
  device::batch_norm_statistics(mean.array(), var.array(), x.array());
  EXPECT_NEAR(mean.item(), mean64.item(), 1e-6 * mean64.item());
  EXPECT_NEAR(var.item(), var64.item(), 1e-6 * var64.item());
}

TEST_F(Norm, NanAndInfinityStayInTheirRowOrChannel) {
  const double inf = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  const Tensor x = tensor({{1, inf, 2, 0}, {nan, 1, 2, 5}, {1, -inf, 3, 7}, {1, 2, 3, 8}});
  check_layer(Pair(x));
  check_batch(Pair(x));
}

TEST_F(Norm, EmptySizes) {
  for (const Shape& shape : {Shape{0, 5}, Shape{5, 0}, Shape{0, 0}}) check_layer(Pair(zeros(shape)));
  for (const Shape& shape : {Shape{0, 5, 2}, Shape{5, 0, 2}, Shape{2, 3, 0}}) check_batch(Pair(zeros(shape)));
}

TEST_F(Norm, RepeatsBitByBit) {
  const Tensor x = to(randn({9, 3, 30, 31}), kTestDevice);
  std::vector<std::vector<float>> seen;
  under_schedules([&] {
    const Tensor mean = to(zeros({3}), kTestDevice), var = to(zeros({3}), kTestDevice);
    device::batch_norm_statistics(mean.array(), var.array(), x.array());
    seen.push_back(var.to_vector<float>());
    EXPECT_EQ(seen.front(), seen.back());
  });
}

TEST_F(Norm, WrongArgumentsAreRefused) {
  const Tensor x = to(zeros({4, 3}), kTestDevice), v = to(zeros({4}), kTestDevice);
  EXPECT_THROW(device::batch_norm_statistics(v.array(), v.array(), x.array()), Error);
  EXPECT_THROW(device::layer_norm_forward(x.array(), v.array(), v.array(), x.array(), v.array(), v.array(), 0), Error);
}

}  // namespace
}  // namespace gg::testing
