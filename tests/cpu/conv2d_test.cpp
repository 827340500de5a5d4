#include "cpu/conv2d.h"

#include <gtest/gtest.h>

#include <thread>

#include "tests/cpu/arrays.h"

namespace gg::cpu_test {
namespace {

struct Case {
  int64_t n, c, h, w, o, kh, kw;
  Conv2dOptions p;
};

const std::vector<int> kNchw = {0, 1, 2, 3}, kLast = {0, 2, 3, 1}, kOdd = {3, 0, 2, 1};

const std::vector<Case> kCases = {
    {2, 3, 8, 7, 5, 3, 3, {}},
    {3, 1, 12, 12, 8, 3, 3, {.padding = {1, 1}}},
    {5, 8, 9, 11, 6, 4, 4, {.stride = {2, 2}, .padding = {1, 1}}},
    {2, 16, 6, 6, 16, 3, 2, {.stride = {1, 2}, .padding = {2, 0}, .dilation = {2, 1}}},
    {2, 6, 7, 7, 4, 3, 3, {.padding = {1, 1}, .groups = 2}},
    {2, 8, 7, 7, 8, 3, 3, {.padding = {1, 1}, .groups = 8}},
    {4, 24, 5, 5, 40, 1, 1, {}},
    {1, 2, 1, 1, 3, 1, 1, {}},
    {7, 4, 1, 9, 2, 1, 3, {.stride = {1, 3}}},
    {2, 3, 5, 5, 2, 7, 7, {.stride = {3, 3}, .padding = {3, 3}}},
    {33, 10, 14, 14, 12, 3, 3, {.padding = {1, 1}}},
    {1, 5, 10, 10, 3, 1, 1, {.stride = {4, 4}}},
    {2, 5, 9, 8, 70, 3, 5, {.padding = {1, 2}, .dilation = {2, 1}}},  // few channels, outputs in several panels
    {2, 1, 2, 2, 3, 3, 3, {.padding = {3, 3}}},                       // places that see nothing of the image
    {3, 16, 40, 40, 4, 5, 5, {.stride = {2, 2}, .padding = {2, 2}}},  // rows of places in several goes
};

template <class T>
struct Trio {
  Owned<T> x, w, y;
  Trio(const Case& c, std::vector<int> x_order, std::vector<int> y_order, std::vector<int> w_order, int64_t gap = 0)
      : x({c.n, c.c, c.h, c.w}, x_order, gap),
        w({c.o, c.c / c.p.groups, c.kh, c.kw}, w_order),
        y({c.n, c.o, window_places(c.h, c.kh, c.p, 0), window_places(c.w, c.kw, c.p, 1)}, y_order, gap) {
    x.randomize(1);
    w.randomize(2);
    y.randomize(3);
  }
};

// Calls fn(y index, x index, w index) for every product of the sum that defines the convolution.
template <class Fn>
void for_terms(const Case& c, int64_t oh, int64_t ow, Fn&& fn) {
  int64_t ci = c.c / c.p.groups, co = c.o / c.p.groups;
  for (int64_t n = 0; n < c.n; ++n) {
    for (int64_t o = 0; o < c.o; ++o) {
      for (int64_t i = 0; i < oh; ++i) {
        for (int64_t j = 0; j < ow; ++j) {
          for (int64_t k = 0; k < ci; ++k) {
            for (int64_t a = 0; a < c.kh; ++a) {
              for (int64_t b = 0; b < c.kw; ++b) {
                int64_t h = i * c.p.stride[0] - c.p.padding[0] + a * c.p.dilation[0];
                int64_t w = j * c.p.stride[1] - c.p.padding[1] + b * c.p.dilation[1];
                if (h < 0 || h >= c.h || w < 0 || w >= c.w) continue;
                int64_t channel = o / co * ci + k;
                fn(((n * c.o + o) * oh + i) * ow + j, ((n * c.c + channel) * c.h + h) * c.w + w,
                   ((o * ci + k) * c.kh + a) * c.kw + b);
              }
            }
          }
        }
      }
    }
  }
}

template <class T>
void expect_close(Owned<T>& got, const std::vector<double>& expected, const std::vector<double>& size, const char* what,
                  size_t index) {
  for (int64_t i = 0; i < got.numel(); ++i) {
    ASSERT_NEAR(got.at(i), expected[i], 4 * std::numeric_limits<T>::epsilon() * (size[i] + 1e-30))
        << what << " of case " << index << " at " << i;
  }
}

template <class T>
void check_all(const std::vector<int>& x_order, const std::vector<int>& y_order, const std::vector<int>& w_order,
               int64_t gap) {
  for (size_t index = 0; index < kCases.size(); ++index) {
    const Case& c = kCases[index];
    Trio<T> in(c, x_order, y_order, w_order, gap), out(c, x_order, y_order, w_order, gap);
    for (Owned<T>* a : {&out.x, &out.w, &out.y}) {
      for (int64_t i = 0; i < a->numel(); ++i) a->at(i) = std::numeric_limits<T>::quiet_NaN();
    }
    int64_t oh = in.y.array.shape[2], ow = in.y.array.shape[3];
    auto zeros = [](Owned<T>& a) { return std::vector<double>(a.numel(), 0); };
    std::vector<double> y = zeros(in.y), dx = zeros(in.x), dw = zeros(in.w), sy = y, sx = dx, sw = dw;
    auto xv = in.x.values(), wv = in.w.values(), gv = in.y.values();
    for_terms(c, oh, ow, [&](int64_t iy, int64_t ix, int64_t iw) {
      y[iy] += static_cast<double>(xv[ix]) * wv[iw];
      sy[iy] += std::abs(static_cast<double>(xv[ix]) * wv[iw]);
      dx[ix] += static_cast<double>(gv[iy]) * wv[iw];
      sx[ix] += std::abs(static_cast<double>(gv[iy]) * wv[iw]);
      dw[iw] += static_cast<double>(gv[iy]) * xv[ix];
      sw[iw] += std::abs(static_cast<double>(gv[iy]) * xv[ix]);
    });
    cpu::conv2d_forward(out.y, in.x, in.w, c.p);
    expect_close(out.y, y, sy, "output", index);

    // A bias per channel of the result.
    const int64_t n_y = oh * ow, n_x = c.h * c.w;
    Owned<T> y_bias({c.o}), x_bias({c.c});
    y_bias.randomize(4);
    x_bias.randomize(5);
    auto with = [](std::vector<double> v, Owned<T>& b, int64_t places) {
      const int64_t channels = b.numel();
      for (size_t i = 0; i < v.size(); ++i) v[i] += b.at(static_cast<int64_t>(i) / places % channels);
      return v;
    };
    auto of_size = [](std::vector<double> v) {
      for (double& x : v) x += 4;
      return v;
    };
    cpu::conv2d_forward(out.y, in.x, in.w, c.p, y_bias);
    expect_close(out.y, with(y, y_bias, n_y), of_size(sy), "output with a bias", index);
    cpu::conv2d_input_grad(out.x, in.y, in.w, c.p, x_bias);
    expect_close(out.x, with(dx, x_bias, n_x), of_size(sx), "input gradient with a bias", index);

    cpu::conv2d_input_grad(out.x, in.y, in.w, c.p);
    expect_close(out.x, dx, sx, "input gradient", index);
    cpu::conv2d_weight_grad(out.w, in.x, in.y, c.p);
    expect_close(out.w, dw, sw, "weight gradient", index);
  }
}

TEST(Conv2d, FloatNchw) { check_all<float>(kNchw, kNchw, kNchw, 0); }
TEST(Conv2d, FloatChannelsLast) { check_all<float>(kLast, kLast, kNchw, 0); }
TEST(Conv2d, FloatMixedLayouts) { check_all<float>(kNchw, kLast, kLast, 0); }
TEST(Conv2d, FloatOddLayouts) { check_all<float>(kOdd, kNchw, kOdd, 2); }
TEST(Conv2d, DoubleNchw) { check_all<double>(kNchw, kNchw, kNchw, 0); }
TEST(Conv2d, DoubleChannelsLast) { check_all<double>(kLast, kLast, kNchw, 0); }
TEST(Conv2d, DoubleOddLayouts) { check_all<double>(kLast, kOdd, kOdd, 1); }

TEST(Conv2d, SameBitsForAnyNumberOfThreads) {
  Case c{37, 16, 14, 14, 32, 3, 3, {.padding = {1, 1}}};
  Case few{37, 1, 28, 28, 32, 4, 4, {.stride = {2, 2}, .padding = {1, 1}}};
  for (const Case& s : {c, few}) {
    for (auto& order : {kNchw, kLast}) {
      Trio<float> in(s, order, order, kNchw);
      EXPECT_TRUE(same_for_any_threads([&] {
        Trio<float> out(s, order, order, kNchw);
        cpu::conv2d_forward(out.y, in.x, in.w, s.p);
        cpu::conv2d_input_grad(out.x, in.y, in.w, s.p);
        cpu::conv2d_weight_grad(out.w, in.x, in.y, s.p);
        auto bytes = out.y.bytes;
        bytes.insert(bytes.end(), out.x.bytes.begin(), out.x.bytes.end());
        bytes.insert(bytes.end(), out.w.bytes.begin(), out.w.bytes.end());
        return bytes;
      }));
    }
  }
}

TEST(Conv2d, SeveralThreadsAtOnce) {
  Case c{4, 8, 10, 10, 8, 3, 3, {.padding = {1, 1}}};
  Trio<float> in(c, kLast, kLast, kNchw), expected(c, kLast, kLast, kNchw);
  cpu::conv2d_forward(expected.y, in.x, in.w, c.p);
  std::vector<std::thread> threads;
  std::vector<int> bad(4, 0);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int round = 0; round < 20; ++round) {
        Trio<float> out(c, kLast, kLast, kNchw);
        cpu::conv2d_forward(out.y, in.x, in.w, c.p);
        bad[t] += !same_bits(out.y, expected.y);
      }
    });
  }
  for (auto& t : threads) t.join();
  for (int b : bad) EXPECT_EQ(b, 0);
}

TEST(Conv2d, EmptyBatch) {
  Case c{0, 3, 8, 8, 4, 3, 3, {}};
  Trio<float> in(c, kNchw, kNchw, kNchw);
  cpu::conv2d_forward(in.y, in.x, in.w, c.p);
  cpu::conv2d_input_grad(in.x, in.y, in.w, c.p);
  cpu::conv2d_weight_grad(in.w, in.x, in.y, c.p);
  for (float v : in.w.values()) EXPECT_EQ(v, 0);
}

TEST(Conv2d, NoInputChannelsLeaveTheBias) {
  Owned<float> x({2, 0, 4, 4}), w({3, 0, 3, 3}), y({2, 3, 2, 2}), b({3});
  b.randomize(1);
  cpu::conv2d_forward(y, x, w, {}, b);
  for (int64_t i = 0; i < y.numel(); ++i) EXPECT_EQ(y.at(i), b.at(i / 4 % 3));
  Owned<float> short_bias({2});
  EXPECT_THROW(cpu::conv2d_forward(y, x, w, {}, short_bias), Error);
}

TEST(Conv2d, RefusesWhatDoesNotFit) {
  Owned<float> x({1, 3, 8, 8}), w({4, 3, 3, 3}), y({1, 4, 6, 6}), narrow({1, 4, 6, 5}), other({4, 2, 3, 3});
  EXPECT_THROW(cpu::conv2d_forward(narrow, x, w, {}), Error);
  EXPECT_THROW(cpu::conv2d_forward(y, x, other, {}), Error);
  EXPECT_THROW(cpu::conv2d_forward(y, x, w, {.stride = {0, 1}}), Error);
  EXPECT_THROW(cpu::conv2d_forward(y, x, w, {.groups = 3}), Error);
}

TEST(Conv2d, OutSizeOfKernelsThatDoNotFit) {
  EXPECT_EQ(window_places(28, 3, {.padding = {1, 1}}, 0), 28);
  EXPECT_EQ(window_places(28, 4, {.stride = {2, 2}, .padding = {1, 1}}, 1), 14);
  EXPECT_EQ(window_places(2, 3, {}, 0), 0);
}

}  // namespace
}  // namespace gg::cpu_test
