// Rows of operations on images: pixels and channels, frames, adaptive means, interpolation.
#include <algorithm>
#include <cmath>
#include <limits>

#include "ops/ops.h"
#include "tests/ops/op_table.h"

namespace gg::optable {
namespace {

using In = std::span<const Tensor>;
using Hosts = std::span<const Host>;

void add_shuffles(std::vector<Row>& rows) {
  Row shuffle{
      "pixel_shuffle",
      "",
      [](In in) { return pixel_shuffle(in[0], 2); },
      {{{2, 8, 2, 3}}},
      [](Hosts in) {
        Host y({2, 2, 4, 6});
        for_each_position(in[0].shape, [&](std::span<const int64_t> p) {
          y.at({p[0], p[1] / 4, 2 * p[2] + p[1] / 2 % 2, 2 * p[3] + p[1] % 2}) = in[0].at({p[0], p[1], p[2], p[3]});
        });
        return y;
      }};
  shuffle.large = {{8, 16, 20, 20}};
  shuffle.complaints = {{[] {
                           pixel_shuffle(ones({1, 6, 2, 2}), 2);
                         },
                         {"pixel_shuffle", "6 channels", "square of 2"}},
                        {[] {
                           pixel_shuffle(ones({4, 4}), 2);
                         },
                         {"pixel_shuffle", "[N,C,H,W]", "[4,4]"}}};
  Row unshuffle{
      "pixel_unshuffle",
      "",
      [](In in) { return pixel_unshuffle(in[0], 3); },
      {{{2, 2, 3, 6}}},
      [](Hosts in) {
        Host y({2, 18, 1, 2});
        for_each_position(in[0].shape, [&](std::span<const int64_t> p) {
          y.at({p[0], p[1] * 9 + p[2] % 3 * 3 + p[3] % 3, p[2] / 3, p[3] / 3}) = in[0].at({p[0], p[1], p[2], p[3]});
        });
        return y;
      }};
  unshuffle.complaints = {{[] {
                             pixel_unshuffle(ones({1, 2, 4, 3}), 2);
                           },
                           {"pixel_unshuffle", "[1,2,4,3]", "divide by 2"}}};
  rows.push_back(shuffle);
  rows.push_back(unshuffle);
}

// Where element i of a padded axis comes from, by walking from the edge one step at a time.
int64_t source(PadMode mode, int64_t i, int64_t size) {
  if (mode == PadMode::replicate) return std::clamp<int64_t>(i, 0, size - 1);
  if (mode == PadMode::circular) return (i + 4 * size) % size;
  int64_t at = 0, step = size > 1 ? 1 : 0;
  for (int64_t k = 0; k < std::abs(i); ++k) {  // mirrored at both ends
    if (at + step < 0 || at + step >= size) step = -step;
    at += step;
  }
  return at;
}

void add_frames(std::vector<Row>& rows) {
  struct Setting {
    std::string variant;
    PadMode mode;
    Shape x;
    int64_t left, right, top, bottom;
  };
  for (const Setting& s : std::vector<Setting>{{"reflect", PadMode::reflect, {2, 2, 3, 4}, 3, 1, 0, 2},
                                               {"replicate", PadMode::replicate, {1, 2, 3, 2}, 3, 1, 0, 4},
                                               {"replicate_one", PadMode::replicate, {2, 1, 1}, 2, 1, 1, 0},
                                               {"circular", PadMode::circular, {2, 3, 4}, 2, 1, 0, 3}}) {
    Row row{"pad_mode",
            s.variant,
            [s](In in) {
              return pad(in[0], {{-1, s.left, 0}, {in[0].rank() - 2, s.top, s.bottom}, {-1, 0, s.right}}, s.mode);
            },
            {{s.x}},
            [s](Hosts in) {
              const int64_t h = s.x[s.x.rank() - 2], w = s.x[s.x.rank() - 1], planes = s.x.numel() / h / w;
              const int64_t rows = h + s.top + s.bottom, columns = w + s.left + s.right;
              Shape shape = s.x;
              shape[s.x.rank() - 2] = rows;
              shape[s.x.rank() - 1] = columns;
              Host y(shape);
              for_each_position({planes, rows, columns}, [&](std::span<const int64_t> p) {
                const int64_t i = source(s.mode, p[1] - s.top, h), j = source(s.mode, p[2] - s.left, w);
                y.v[static_cast<size_t>((p[0] * rows + p[1]) * columns + p[2])] =
                    in[0].v[static_cast<size_t>((p[0] * h + i) * w + j)];
              });
              return y;
            }};
    if (s.variant == "reflect") {
      row.large = {{8, 16, 30, 30}};
      row.keeps_channels_last = true;
      row.complaints = {{[] {
                           pad(ones({2, 3}), {{1, 3, 0}}, PadMode::reflect);
                         },
                         {"pad", "reflection of 3 elements along axis 1 of [2,3]", "got 3"}},
                        {[] {
                           pad(ones({2, 0}), {{1, 1, 0}}, PadMode::replicate);
                         },
                         {"pad", "axis 1 of [2,0]", "no edge"}},
                        {[] {
                           pad(ones({2, 3}), {{1, 4, 0}}, PadMode::circular);
                         },
                         {"pad", "do not go round 4 more"}},
                        {[] {
                           pad(ones({2, 3}), {{1, -1, 0}}, PadMode::circular);
                         },
                         {"pad", "must not be negative, got -1"}}};
      row.extra = [] {
        Tensor x = ones({2, 3});
        GG_CHECK(pad(x, {}, PadMode::reflect).is_same(x) && pad(x, {{0, 0, 0}}, PadMode::circular).is_same(x),
                 "pad by nothing copies");
      };
    }
    rows.push_back(row);
  }
}

void add_means(std::vector<Row>& rows) {
  struct Setting {
    std::string variant;
    Shape x;
    Size2 size;
  };
  for (const Setting& s : std::vector<Setting>{{"", {2, 2, 5, 7}, {3, 4}}, {"more_windows", {1, 2, 2, 3}, {3, 5}}}) {
    Row row{"adaptive_avg_pool2d",
            s.variant,
            [s](In in) { return adaptive_avg_pool2d(in[0], s.size); },
            {{s.x}},
            [s](Hosts in) {
              Host y({s.x[0], s.x[1], s.size.height, s.size.width});
              for_each_position(y.shape, [&](std::span<const int64_t> p) {
                Real total = 0, count = 0;
                for (int64_t h = 0; h < s.x[2]; ++h) {
                  for (int64_t w = 0; w < s.x[3]; ++w) {  // pixels that overlap the area of the window
                    auto overlaps = [](int64_t pixel, int64_t i, int64_t size, int64_t windows) {
                      return (pixel + 1) * windows > i * size && pixel * windows < (i + 1) * size;
                    };
                    if (!overlaps(h, p[2], s.x[2], s.size.height) || !overlaps(w, p[3], s.x[3], s.size.width)) continue;
                    total += in[0].at({p[0], p[1], h, w});
                    count += 1;
                  }
                }
                y.at({p[0], p[1], p[2], p[3]}) = total / count;
              });
              return y;
            }};
    if (s.variant.empty()) {
      row.large = {{8, 16, 30, 31}};
      row.complaints = {{[] {
                           pixel_shuffle(ones({1, 4, 2, 2}), 0);
                         },
                         {"pixel_shuffle: the factor must be at least 1, got 0"}},
                        {[] {
                           pixel_unshuffle(ones({1, 4, 2, 2}), 0);
                         },
                         {"pixel_unshuffle: the factor must be at least 1, got 0"}},
                        {[] {
                           adaptive_avg_pool2d(ones({3, 3}), 1);
                         },
                         {"adaptive_avg_pool2d", "[N,C,H,W]", "[3,3]"}},
                        {[] {
                           adaptive_avg_pool2d(ones({1, 1, 3, 3}), {0, 2});
                         },
                         {"adaptive_avg_pool2d", "0 x 2"}},
                        {[] {
                           adaptive_avg_pool2d(ones({1, 1, 3, 3}, {i64}), 1);
                         },
                         {"adaptive_avg_pool2d", "int64"}}};
      row.extra = [] {  // where windows are all of one size, and where there is one
        std::vector<double> bright(35, 1);
        bright[0] = std::numeric_limits<double>::infinity();
        const auto means = adaptive_avg_pool2d(from_vector(bright, {1, 1, 5, 7}), {3, 4}).to_vector<double>();
        for (size_t i = 0; i < means.size(); ++i) {
          GG_CHECK(means[i] == (i ? 1 : bright[0]), "window ", i, " beside an infinite pixel: ", means[i]);
        }
        Tensor x = randn({2, 3, 4, 6}, {f64});
        for (Size2 size : {Size2(1), Size2(2, 3)}) {
          Tensor y = adaptive_avg_pool2d(x, size);
          for (int64_t i = 0; i < size.height; ++i) {
            for (int64_t j = 0; j < size.width; ++j) {
              const int64_t h = 4 / size.height, w = 6 / size.width;
              Tensor window = slice(slice(x, 2, i * h, (i + 1) * h), 3, j * w, (j + 1) * w);
              Tensor apart = abs(select(select(y, 3, j), 2, i) - mean(window, {2, 3}));
              GG_CHECK(max(apart).item() < 1e-14, "adaptive_avg_pool2d to ", to_string(size), " at ", i, ", ", j);
            }
          }
        }
      };
    }
    rows.push_back(row);
  }
}

void add_bilinear(std::vector<Row>& rows) {
  struct Setting {
    std::string variant;
    Shape x;
    int64_t height, width;
    bool align;
  };
  for (const Setting& s : std::vector<Setting>{{"", {2, 2, 3, 4}, 6, 8, false},
                                               {"align_corners", {2, 2, 3, 4}, 5, 7, true},
                                               {"smaller", {1, 2, 7, 5}, 3, 2, false},
                                               {"smaller_align_corners", {1, 2, 7, 5}, 3, 4, true},
                                               {"much_larger", {1, 1, 2, 2}, 9, 7, false},
                                               {"from_one", {2, 1, 1, 1}, 3, 2, false},
                                               {"from_one_align_corners", {2, 1, 1, 2}, 3, 1, true},
                                               {"to_one", {1, 2, 4, 3}, 1, 1, false},
                                               {"doubled", {1, 1, 2, 20}, 4, 40, false},
                                               {"halved", {1, 1, 3, 40}, 2, 20, false},
                                               {"no_images", {0, 2, 3, 3}, 5, 5, false}}) {
    Row row{"interpolate_bilinear",
            s.variant,
            [s](In in) { return interpolate_bilinear(in[0], s.height, s.width, {.align_corners = s.align}); },
            {{s.x}},
            [s](Hosts in) {
              Host y({s.x[0], s.x[1], s.height, s.width});
              auto place = [&](int64_t i, int64_t from, int64_t to) {
                auto n = static_cast<Real>(from), m = static_cast<Real>(to), k = static_cast<Real>(i);
                Real at = s.align ? (to > 1 ? k * (n - 1) / (m - 1) : 0) : (k + 0.5L) * n / m - 0.5L;
                return std::clamp<Real>(at, 0, n - 1);
              };
              for_each_position(y.shape, [&](std::span<const int64_t> p) {
                Real h = place(p[2], s.x[2], s.height), w = place(p[3], s.x[3], s.width), total = 0;
                for (int64_t i = 0; i < s.x[2]; ++i) {  // a hat around each pixel
                  for (int64_t j = 0; j < s.x[3]; ++j) {
                    Real a = 1 - std::abs(h - static_cast<Real>(i)), b = 1 - std::abs(w - static_cast<Real>(j));
                    if (a > 0 && b > 0) total += a * b * in[0].at({p[0], p[1], i, j});
                  }
                }
                y.at({p[0], p[1], p[2], p[3]}) = total;
              });
              return y;
            }};
    if (s.variant.empty()) {
      row.keeps_channels_last = true;
      row.large = {{8, 16, 30, 31}};
      row.complaints = {{[] {
                           interpolate_bilinear(ones({2, 2}), 4, 4);
                         },
                         {"interpolate_bilinear", "[2,2]"}},
                        {[] {
                           interpolate_bilinear(ones({1, 1, 2, 2}), 0, 4);
                         },
                         {"interpolate_bilinear", "0 x 4"}},
                        {[] {
                           interpolate_bilinear(ones({1, 1, 2, 2}, {i64}), 4, 4);
                         },
                         {"interpolate_bilinear", "int64"}}};
    }
    rows.push_back(row);
  }
}

}  // namespace

std::vector<Row> image_rows() {
  std::vector<Row> rows;
  add_shuffles(rows);
  add_frames(rows);
  add_means(rows);
  add_bilinear(rows);
  return rows;
}

}  // namespace gg::optable
