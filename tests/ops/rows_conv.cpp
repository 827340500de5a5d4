// Rows of convolutions. The oracle is the definition: the sum over all pairs of input and output that share a weight.
#include "ops/ops.h"
#include "tests/ops/op_table.h"

namespace gg::optable {
namespace {

using In = std::span<const Tensor>;
using Hosts = std::span<const Host>;

struct Setting {
  std::string variant;
  Conv2dOptions o;
  Shape x, w;

  Shape y() const {
    auto size = [&](int i) {
      return (x[2 + i] + 2 * o.padding[i] - o.dilation[i] * (w[2 + i] - 1) - 1) / o.stride[i] + 1;
    };
    return {x[0], w[0], size(0), size(1)};
  }
};

// Calls fn(position in x, in w, in y) for every term of the convolution.
template <class Fn>
void for_each_term(const Setting& s, const Fn& fn) {
  Shape y = s.y();
  int64_t outputs = s.w[0] / s.o.groups;
  for_each_position(y, [&](std::span<const int64_t> p) {
    int64_t group = p[1] / outputs;
    for_each_position({s.w[1], s.w[2], s.w[3]}, [&](std::span<const int64_t> k) {
      int64_t row = p[2] * s.o.stride[0] - s.o.padding[0] + k[1] * s.o.dilation[0];
      int64_t column = p[3] * s.o.stride[1] - s.o.padding[1] + k[2] * s.o.dilation[1];
      if (row < 0 || row >= s.x[2] || column < 0 || column >= s.x[3]) return;
      fn(std::initializer_list<int64_t>{p[0], group * s.w[1] + k[0], row, column},
         std::initializer_list<int64_t>{p[1], k[0], k[1], k[2]},
         std::initializer_list<int64_t>{p[0], p[1], p[2], p[3]});
    });
  });
}

std::vector<Setting> settings() {
  return {{"", {}, {2, 2, 4, 5}, {3, 2, 2, 3}},
          {"stride_padding", {{2, 1}, {1, 2}, {1, 1}, 1}, {1, 2, 5, 4}, {2, 2, 3, 2}},
          {"dilation", {{1, 2}, {0, 1}, {2, 1}, 1}, {1, 1, 5, 5}, {2, 1, 2, 2}},
          {"groups", {{1, 1}, {1, 1}, {1, 1}, 2}, {1, 4, 3, 3}, {4, 2, 3, 3}},
          {"depthwise", {{2, 2}, {1, 1}, {1, 1}, 3}, {1, 3, 4, 4}, {3, 1, 3, 3}},
          {"one_by_one", {}, {2, 3, 2, 2}, {2, 3, 1, 1}},
          {"remainder", {{3, 2}, {0, 0}, {1, 1}, 1}, {1, 1, 6, 6}, {1, 1, 2, 3}},
          {"no_images", {}, {0, 2, 4, 4}, {3, 2, 2, 2}}};
}

}  // namespace

std::vector<Row> conv_rows() {
  std::vector<Row> rows;
  for (const Setting& s : settings()) {
    Row forward{"conv2d",
                s.variant,
                [s](In in) { return conv2d(in[0], in[1], in[2], s.o); },
                {{s.x}, {s.w}, {{s.w[0]}}},
                [s](Hosts in) {
                  Host y(s.y());
                  for_each_position(y.shape, [&](std::span<const int64_t> p) {
                    y.at({p[0], p[1], p[2], p[3]}) = in[2].at({p[1]});
                  });
                  for_each_term(s, [&](auto x, auto w, auto at) { y.at(at) += in[0].at(x) * in[1].at(w); });
                  return y;
                }};
    Row input{"conv2d_input_grad",
              s.variant,
              [s](In in) { return conv2d_input_grad(in[0], in[1], s.x, s.o); },
              {{s.y()}, {s.w}},
              [s](Hosts in) {
                Host g(s.x);
                for_each_term(s, [&](auto x, auto w, auto at) { g.at(x) += in[0].at(at) * in[1].at(w); });
                return g;
              }};
    Row weight{"conv2d_weight_grad",
               s.variant,
               [s](In in) { return conv2d_weight_grad(in[0], in[1], s.w, s.o); },
               {{s.x}, {s.y()}},
               [s](Hosts in) {
                 Host g(s.w);
                 for_each_term(s, [&](auto x, auto w, auto at) { g.at(w) += in[0].at(x) * in[1].at(at); });
                 return g;
               }};
    if (s.variant.empty()) {
      forward.keeps_channels_last = true;
      forward.large = {{4, 16, 28, 28}, {24, 16, 3, 3}, {24}};
      Conv2dOptions two_groups{{1, 1}, {0, 0}, {1, 1}, 2};
      forward.complaints = {{[] {
                               conv2d(ones({2, 3, 4}), ones({1, 1, 1, 1}));
                             },
                             {"conv2d", "[N,C,H,W]", "[2,3,4]"}},
                            {[] {
                               conv2d(ones({1, 4, 4, 4}), ones({2, 2, 1, 1}));
                             },
                             {"conv2d", "2 input channels", "4", "groups?"}},
                            {[] {
                               conv2d(ones({1, 3, 4, 4}), ones({2, 2, 1, 1}));
                             },
                             {"conv2d", "2 input channels", "input has 3"}},
                            {[=] {
                               conv2d(ones({1, 4, 4, 4}), ones({3, 2, 1, 1}), {}, two_groups);
                             },
                             {"conv2d", "3 output channels", "2 groups"}},
                            {[] {
                               conv2d(ones({1, 1, 2, 2}), ones({1, 1, 3, 3}));
                             },
                             {"conv2d", "kernel", "larger than the padded input"}},
                            {[] {
                               conv2d(ones({1, 1, 2, 2}), ones({1, 1, 3, 3}), {}, {.stride = {2, 2}});
                             },
                             {"conv2d", "kernel", "larger than the padded input"}},
                            {[] {
                               conv2d(ones({1, 1, 4, 4}), ones({1, 1, 3, 3}), ones({2}));
                             },
                             {"conv2d", "bias", "[1]", "[2]"}},
                            {[] {
                               conv2d(ones({1, 1, 4, 4}), ones({1, 1, 3, 3}), {}, {.stride = {0, 1}});
                             },
                             {"conv2d", "stride 0"}},
                            {[] {
                               conv2d(ones({1, 1, 4, 4}), ones({1, 1, 3, 3}, {f64}));
                             },
                             {"conv2d", "float32", "float64"}}};
      input.complaints = {{[] {
                             conv2d_input_grad(ones({1, 1, 2, 2}), ones({1, 1, 3, 3}), {1, 1, 9, 9});
                           },
                           {"conv2d_input_grad", "does not belong", "[1,1,9,9]"}}};
      weight.complaints = {{[] {
                              conv2d_weight_grad(ones({1, 1, 4, 4}), ones({1, 1, 2, 2}), {1, 1, 4, 4});
                            },
                            {"conv2d_weight_grad", "does not belong", "[1,1,4,4]"}}};
    }
    rows.push_back(forward);
    rows.push_back(input);
    rows.push_back(weight);
  }
  struct Transposed {
    std::string variant;
    ConvTranspose2dOptions o;
    Shape x, w;
    int64_t height, width;
  };
  for (const Transposed& t : std::vector<Transposed>{
           {"", {}, {1, 2, 3, 2}, {2, 3, 2, 2}, 4, 3},
           {"upsampling", {{2, 2}, {1, 1}, {1, 1}, {1, 1}, 1}, {1, 2, 3, 2}, {2, 1, 3, 3}, 6, 4},
           {"groups_dilation", {{1, 2}, {0, 1}, {0, 0}, {2, 1}, 2}, {1, 4, 2, 3}, {4, 1, 2, 3}, 4, 5},
           {"output_padding_of_strides", {{1, 2}, {0, 1}, {1, 2}, {2, 3}, 1}, {1, 2, 2, 2}, {2, 1, 2, 2}, 5, 6}}) {
    Row row{"conv_transpose2d",
            t.variant,
            [t](In in) { return conv_transpose2d(in[0], in[1], in[2], t.o); },
            {{t.x}, {t.w}, {{t.w[1] * t.o.groups}}},
            [t](Hosts in) {
              Host y({t.x[0], t.w[1] * t.o.groups, t.height, t.width});
              for_each_position(y.shape, [&](std::span<const int64_t> p) {
                y.at({p[0], p[1], p[2], p[3]}) = in[2].at({p[1]});
              });
              int64_t per_group = t.x[1] / t.o.groups;
              for_each_position(t.x, [&](std::span<const int64_t> p) {
                for_each_position({t.w[1], t.w[2], t.w[3]}, [&](std::span<const int64_t> k) {
                  int64_t row = p[2] * t.o.stride[0] - t.o.padding[0] + k[1] * t.o.dilation[0];
                  int64_t column = p[3] * t.o.stride[1] - t.o.padding[1] + k[2] * t.o.dilation[1];
                  if (row < 0 || row >= t.height || column < 0 || column >= t.width) return;
                  int64_t channel = p[1] / per_group * t.w[1] + k[0];
                  y.at({p[0], channel, row, column}) +=
                      in[0].at({p[0], p[1], p[2], p[3]}) * in[1].at({p[1], k[0], k[1], k[2]});
                });
              });
              return y;
            }};
    if (t.variant.empty()) {
      row.keeps_channels_last = true;
      row.complaints = {{[] {
                           conv_transpose2d(ones({1, 2, 3, 3}), ones({3, 1, 2, 2}));
                         },
                         {"conv_transpose2d", "takes 3 channels", "has 2"}},
                        {[] {
                           conv_transpose2d(ones({1, 2, 3, 3}), ones({2, 1, 2, 2}), {}, {.output_padding = {1, 0}});
                         },
                         {"conv_transpose2d", "output_padding", "got 1"}},
                        {[] {
                           conv_transpose2d(ones({1, 1, 1, 1}), ones({1, 1, 1, 1}), {}, {.padding = {3, 0}});
                         },
                         {"conv_transpose2d", "output would have size -5"}}};
    }
    rows.push_back(row);
  }
  return rows;
}

}  // namespace gg::optable
