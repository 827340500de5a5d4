// Rows of pooling and resizing.
#include "ops/ops.h"
#include "tests/ops/op_table.h"

namespace gg::optable {
namespace {

using In = std::span<const Tensor>;
using Hosts = std::span<const Host>;

Oracle windows(Pool2dOptions o, bool largest) {
  for (size_t i = 0; i < 2; ++i) o.stride[i] = o.stride[i] ? o.stride[i] : o.kernel[i];
  return [o, largest](Hosts in) {
    const Shape& x = in[0].shape;
    auto size = [&](int i) {
      return (x[2 + i] + 2 * o.padding[i] - o.dilation[i] * (o.kernel[i] - 1) - 1) / o.stride[i] + 1;
    };
    Host y({x[0], x[1], size(0), size(1)});
    for_each_position(y.shape, [&](std::span<const int64_t> p) {
      Real total = 0, best = -1e30L;
      for (int64_t i = 0; i < o.kernel[0]; ++i) {
        for (int64_t j = 0; j < o.kernel[1]; ++j) {
          int64_t row = p[2] * o.stride[0] - o.padding[0] + i * o.dilation[0];
          int64_t column = p[3] * o.stride[1] - o.padding[1] + j * o.dilation[1];
          if (row < 0 || row >= x[2] || column < 0 || column >= x[3]) continue;
          Real v = in[0].at({p[0], p[1], row, column});
          total += v;
          best = v > best ? v : best;
        }
      }
      y.at({p[0], p[1], p[2], p[3]}) = largest ? best : total / static_cast<Real>(o.kernel[0] * o.kernel[1]);
    });
    return y;
  };
}

Row resize(std::string variant, Shape x, int64_t height, int64_t width) {
  return {"interpolate_nearest",
          std::move(variant),
          [=](In in) { return interpolate_nearest(in[0], height, width); },
          {{x}},
          [=](Hosts in) {
            Host y({x[0], x[1], height, width});
            for_each_position(y.shape, [&](std::span<const int64_t> p) {
              y.at({p[0], p[1], p[2], p[3]}) = in[0].at({p[0], p[1], p[2] * x[2] / height, p[3] * x[3] / width});
            });
            return y;
          }};
}

}  // namespace

std::vector<Row> pool_rows() {
  std::vector<Row> rows;
  struct Setting {
    std::string variant;
    Pool2dOptions o;
    Shape x;
  };
  for (const Setting& s : std::vector<Setting>{{"", {}, {2, 2, 4, 4}},
                                               {"overlapping", {{3, 2}, {1, 2}, {1, 0}, {1, 1}}, {1, 2, 5, 4}},
                                               {"remainder", {{2, 2}, {2, 2}, {0, 0}, {1, 1}}, {1, 1, 5, 3}}}) {
    Row mean_row{"avg_pool2d", s.variant, [s](In in) { return avg_pool2d(in[0], s.o); }, {{s.x}}, windows(s.o, false)};
    Row max_row{
        "max_pool2d", s.variant, [s](In in) { return max_pool2d(in[0], s.o); }, {spread(s.x)}, windows(s.o, true)};
    if (s.variant.empty()) {
      mean_row.keeps_channels_last = true;
      mean_row.large = max_row.large = {{8, 16, 32, 32}};
      mean_row.complaints = {{[] {
                                avg_pool2d(ones({4, 4}));
                              },
                              {"avg_pool2d", "[N,C,H,W]", "[4,4]"}},
                             {[] {
                                avg_pool2d(ones({1, 1, 4, 4}), {.dilation = {2, 2}});
                              },
                              {"avg_pool2d", "dilation"}},
                             {[] {
                                avg_pool2d(ones({1, 1, 4, 4}), {.kernel = {0, 2}});
                              },
                              {"avg_pool2d", "at least 1, got 0"}}};
      max_row.complaints = {{[] {
                               max_pool2d(ones({1, 1, 1, 4}));
                             },
                             {"max_pool2d", "larger than the padded input", "[1,1,1,4]"}},
                            {[] {
                               max_pool2d(ones({1, 1, 4, 4}), {.padding = {2, 0}});
                             },
                             {"max_pool2d", "half the kernel, got 2"}},
                            {[] {
                               max_pool2d(ones({1, 1, 4, 4}, {i64}));
                             },
                             {"max_pool2d", "int64"}}};
    }
    rows.push_back(mean_row);
    rows.push_back(max_row);
  }
  Pool2dOptions dilated{{2, 2}, {1, 1}, {1, 1}, {2, 1}};
  rows.push_back({"max_pool2d",
                  "dilation",
                  [dilated](In in) { return max_pool2d(in[0], dilated); },
                  {spread({1, 2, 4, 3})},
                  windows(dilated, true)});
  rows.push_back(resize("", {2, 2, 2, 3}, 4, 6));
  rows.back().keeps_channels_last = true;
  rows.back().large = {{8, 16, 20, 20}};
  rows.back().complaints = {{[] {
                               interpolate_nearest(ones({2, 2}), 4, 4);
                             },
                             {"interpolate_nearest", "[2,2]"}},
                            {[] {
                               interpolate_nearest(ones({1, 1, 2, 2}), 0, 4);
                             },
                             {"interpolate_nearest", "0 x 4"}}};
  rows.push_back(resize("uneven", {1, 1, 3, 4}, 5, 3));
  rows.push_back(resize("smaller", {1, 1, 5, 5}, 2, 1));
  return rows;
}

}  // namespace gg::optable
