// Rows of convolution and pooling along one axis, and of windows as columns.
#include <algorithm>

#include "ops/ops.h"
#include "tests/ops/op_table.h"

namespace gg::optable {
namespace {

using In = std::span<const Tensor>;
using Hosts = std::span<const Host>;

void add_convolutions(std::vector<Row>& rows) {
  struct Setting {
    std::string variant;
    Conv1dOptions o;
    Shape x, w;
    int64_t length;  // of the result
  };
  for (const Setting& s :
       std::vector<Setting>{{"", {}, {2, 2, 5}, {3, 2, 2}, 4},
                            {"stride_padding", {.stride = 2, .padding = 2}, {1, 2, 6}, {2, 2, 3}, 4},
                            {"dilation_groups", {.padding = 1, .dilation = 2, .groups = 2}, {2, 4, 5}, {2, 2, 3}, 3}}) {
    Row row{"conv1d",
            s.variant,
            [s](In in) { return conv1d(in[0], in[1], in[2], s.o); },
            {{s.x}, {s.w}, {{s.w[0]}}},
            [s](Hosts in) {
              Host y({s.x[0], s.w[0], s.length});
              for_each_position(y.shape, [&](std::span<const int64_t> p) {
                Real total = in[2].at({p[1]});
                for (int64_t c = 0; c < s.w[1]; ++c) {
                  for (int64_t k = 0; k < s.w[2]; ++k) {
                    int64_t at = p[2] * s.o.stride - s.o.padding + k * s.o.dilation;
                    int64_t channel = p[1] / (s.w[0] / s.o.groups) * s.w[1] + c;
                    if (at >= 0 && at < s.x[2]) total += in[0].at({p[0], channel, at}) * in[1].at({p[1], c, k});
                  }
                }
                y.at({p[0], p[1], p[2]}) = total;
              });
              return y;
            }};
    if (s.variant.empty()) {
      row.large = {{4, 16, 800}, {24, 16, 3}, {24}};
      row.complaints = {{[] {
                           conv1d(ones({2, 5}), ones({3, 2, 2}));
                         },
                         {"conv1d", "[N,C,L]", "[2,5]"}},
                        {[] {
                           conv1d(ones({1, 2, 5}), ones({3, 4, 2}));
                         },
                         {"conv1d", "input channels", "has 2"}},
                        {[] {
                           conv1d(ones({1, 2, 5}), ones({3, 2, 7}));
                         },
                         {"conv1d", "larger than the padded input"}}};
    }
    rows.push_back(row);
  }
  struct Transposed {
    std::string variant;
    ConvTranspose1dOptions o;
    Shape x, w;
    int64_t length;
  };
  for (const Transposed& t : std::vector<Transposed>{
           {"", {}, {2, 2, 3}, {2, 3, 2}, 4},
           {"upsampling", {.stride = 2, .padding = 1, .output_padding = 1}, {1, 2, 3}, {2, 1, 3}, 6},
           {"groups", {.dilation = 2, .groups = 2}, {1, 4, 3}, {4, 1, 2}, 5}}) {
    Row row{
        "conv_transpose1d",
        t.variant,
        [t](In in) { return conv_transpose1d(in[0], in[1], in[2], t.o); },
        {{t.x}, {t.w}, {{t.w[1] * t.o.groups}}},
        [t](Hosts in) {
          Host y({t.x[0], t.w[1] * t.o.groups, t.length});
          for_each_position(y.shape, [&](std::span<const int64_t> p) { y.at({p[0], p[1], p[2]}) = in[2].at({p[1]}); });
          for_each_position(t.x, [&](std::span<const int64_t> p) {
            for_each_position({t.w[1], t.w[2]}, [&](std::span<const int64_t> k) {
              int64_t at = p[2] * t.o.stride - t.o.padding + k[1] * t.o.dilation;
              if (at < 0 || at >= t.length) return;
              y.at({p[0], p[1] / (t.x[1] / t.o.groups) * t.w[1] + k[0], at}) +=
                  in[0].at({p[0], p[1], p[2]}) * in[1].at({p[1], k[0], k[1]});
            });
          });
          return y;
        }};
    if (t.variant.empty()) {
      row.complaints = {{[] {
                           conv_transpose1d(ones({1, 2, 3}), ones({3, 1, 2}));
                         },
                         {"conv_transpose1d", "takes 3 channels", "has 2"}},
                        {[] {
                           conv_transpose1d(ones({1, 2, 3}), ones({2, 1, 2}), {}, {.output_padding = 1});
                         },
                         {"conv_transpose1d", "output_padding", "got 1"}}};
    }
    rows.push_back(row);
  }
}

void add_pools(std::vector<Row>& rows) {
  for (bool largest : {false, true}) {
    auto oracle = [largest](Hosts in) {  // kernel 3, stride 2, padding 1 over 6 elements: 3 windows
      Host y({2, 2, 3});
      for_each_position(y.shape, [&](std::span<const int64_t> p) {
        Real total = 0, best = -1e30L;
        for (int64_t at = std::max<int64_t>(2 * p[2] - 1, 0); at < std::min<int64_t>(2 * p[2] + 2, 6); ++at) {
          total += in[0].at({p[0], p[1], at});
          best = std::max(best, in[0].at({p[0], p[1], at}));
        }
        y.at({p[0], p[1], p[2]}) = largest ? best : total / 3;
      });
      return y;
    };
    const Pool1dOptions o{.kernel = 3, .stride = 2, .padding = 1};
    Row row{largest ? "max_pool1d" : "avg_pool1d",
            "",
            [=](In in) { return largest ? max_pool1d(in[0], o) : avg_pool1d(in[0], o); },
            {largest ? spread({2, 2, 6}) : Input{{2, 2, 6}}},
            oracle};
    row.complaints = {{[=] {
                         largest ? max_pool1d(ones({1, 4})) : avg_pool1d(ones({1, 4}));
                       },
                       {row.name, "[N,C,L]", "[1,4]"}},
                      {[=] {
                         largest ? max_pool1d(ones({1, 1, 1})) : avg_pool1d(ones({1, 1, 1}));
                       },
                       {row.name, "larger than the padded input"}}};
    rows.push_back(row);
  }
}

struct ColumnSetting {
  std::string variant;
  UnfoldOptions o;
  Size2 kernel;
  Shape x;

  int64_t places(int axis) const {
    return (x[2 + axis] + 2 * o.padding[axis] - o.dilation[axis] * (kernel[axis] - 1) - 1) / o.stride[axis] + 1;
  }
  Shape columns() const { return {x[0], x[1] * kernel.height * kernel.width, places(0) * places(1)}; }
  // fn(position in x, position in the columns) for all pairs.
  template <class Fn>
  void each(const Fn& fn) const {
    for_each_position({x[0], x[1], kernel.height, kernel.width, places(0), places(1)}, [&](std::span<const int64_t> p) {
      int64_t h = p[4] * o.stride.height + p[2] * o.dilation.height - o.padding.height;
      int64_t w = p[5] * o.stride.width + p[3] * o.dilation.width - o.padding.width;
      if (h < 0 || h >= x[2] || w < 0 || w >= x[3]) return;
      fn(std::initializer_list<int64_t>{p[0], p[1], h, w},
         std::initializer_list<int64_t>{p[0], (p[1] * kernel.height + p[2]) * kernel.width + p[3],
                                        p[4] * places(1) + p[5]});
    });
  }
};

void add_columns(std::vector<Row>& rows) {
  for (const ColumnSetting& s :
       std::vector<ColumnSetting>{{"", {}, {2, 3}, {2, 2, 3, 4}},
                                  {"stride_padding", {.stride = {2, 1}, .padding = {1, 2}}, {3, 2}, {1, 2, 4, 3}},
                                  {"dilation", {.stride = {1, 2}, .dilation = {2, 1}}, {2, 2}, {1, 2, 4, 5}},
                                  {"gaps", {.stride = 3}, 2, {1, 1, 6, 5}},
                                  {"no_images", {}, 2, {0, 2, 3, 3}}}) {
    Row row{"unfold",
            s.variant,
            [s](In in) { return unfold(in[0], s.kernel, s.o); },
            {{s.x}},
            [s](Hosts in) {
              Host y(s.columns());
              s.each([&](auto x, auto c) { y.at(c) = in[0].at(x); });
              return y;
            }};
    Row back{"fold",
             s.variant,
             [s](In in) {
               return fold(in[0], {s.x[2], s.x[3]}, s.kernel, s.o);
             },
             {{s.columns()}},
             [s](Hosts in) {
               Host y(s.x);
               s.each([&](auto x, auto c) { y.at(x) += in[0].at(c); });
               return y;
             }};
    if (s.variant.empty()) {
      row.large = {{8, 16, 30, 31}};
      back.large = {{8, 9600, 4}};
      row.complaints = {{[] {
                           unfold(ones({3, 3}), 2);
                         },
                         {"unfold", "[N,C,H,W]", "[3,3]"}},
                        {[] {
                           unfold(ones({1, 1, 3, 3}), {2, 4});
                         },
                         {"unfold", "(2, 4)", "larger than the padded image 3 x 3"}},
                        {[] {
                           unfold(ones({1, 1, 3, 3}), 2, {.stride = 0});
                         },
                         {"unfold", "at least 1", "got 2, 0"}}};
      back.complaints = {{[] {
                            fold(ones({1, 6, 4}), 3, 2);
                          },
                          {"fold", "6 rows", "4 elements of a window 2"}},
                         {[] {
                            fold(ones({1, 8, 5}), 3, 2);
                          },
                          {"fold", "4 places", "got 5 columns"}},
                         {[] {
                            fold(ones({8, 4}), 3, 2);
                          },
                          {"fold", "[N,C·kh·kw,places]", "[8,4]"}}};
    }
    rows.push_back(row);
    rows.push_back(back);
  }
}

}  // namespace

std::vector<Row> conv1d_rows() {
  std::vector<Row> rows;
  add_convolutions(rows);
  add_pools(rows);
  add_columns(rows);
  return rows;
}

}  // namespace gg::optable
