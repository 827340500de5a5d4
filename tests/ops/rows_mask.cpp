// Rows of choosing by truth values, and of elements in another order.
#include "autograd/autograd.h"
#include "ops/mask.h"
#include "ops/ops.h"
#include "ops/rearrange.h"
#include "tests/ops/op_table.h"

namespace gg::optable {
namespace {

using Position = std::vector<int64_t>;

// Element p of the result is element from(p) of x.
Oracle taken(Shape shape, std::function<Position(Position)> from) {
  return [=](std::span<const Host> in) {
    Host out(shape);
    size_t n = 0;
    for_each_position(shape, [&](std::span<const int64_t> p) {
      int64_t at = 0, axis = 0;
      for (int64_t k : from({p.begin(), p.end()})) at = at * in[0].shape[static_cast<int>(axis++)] + k;
      out.v[n++] = in[0].v[static_cast<size_t>(at)];
    });
    return out;
  };
}

Tensor pattern(const Shape& shape, int64_t every, Device device) {
  std::vector<bool> v;
  for (int64_t i = 0; i < shape.numel(); ++i) v.push_back(i % every == 1);
  return to(from_vector(v, shape), device);
}

}  // namespace

std::vector<Row> mask_rows() {
  using In = std::span<const Tensor>;
  using Hosts = std::span<const Host>;
  const Tensor x = ones({2, 3}), mask = zeros({2, 3}, {boolean});
  std::vector<Row> rows;

  Row fill{"masked_fill",
           "",
           [](In in) { return masked_fill(in[0], in[1], -1.5); },
           {{{2, 3, 4}}, truths({3, 1})},
           [](Hosts in) {
             Host out = in[0];
             for (size_t i = 0; i < out.v.size(); ++i) {
               if (in[1].v[i / 4 % 3] != 0) out.v[i] = -1.5;
             }
             return out;
           }};
  fill.complaints = {{[x] { masked_fill(x, x, 0); }, {"masked_fill", "bool", "float32"}},
                     {[x] { masked_fill(x, ones({2}, {boolean}), 0); }, {"[2,3]", "[2]"}},
                     {[mask] { masked_fill(zeros({3}, {i64}), mask, 0.5); }, {"0.5", "whole"}}};
  rows.push_back(fill);

  Row where_true{"nonzero",
                 "",
                 [](In in) {
                   return nonzero(ne(in[0], full({}, 7, {i64, in[0].device()})));
                 },
                 {integers({3, 2, 2}, 3)},  // all of them
                 [](Hosts) {
                   Host out({12, 3});
                   for (int64_t i = 0; i < 12; ++i) {
                     out.at({i, 0}) = static_cast<Real>(i / 4);
                     out.at({i, 1}) = static_cast<Real>(i / 2 % 2);
                     out.at({i, 2}) = static_cast<Real>(i % 2);
                   }
                   return out;
                 },
                 0};
  where_true.extra = [] {
    for (Device::Type type : {Device::cpu, Device::emulated}) {
      if (!is_available(type)) continue;
      for (const Shape& shape : {Shape{3, 4, 5}, Shape{61}, Shape{2, 1500}}) {
        const Tensor found = nonzero(pattern(shape, 7, type));
        std::vector<int64_t> expected;
        int64_t i = 0;
        for_each_position(shape, [&](std::span<const int64_t> p) {
          if (i++ % 7 == 1) expected.insert(expected.end(), p.begin(), p.end());
        });
        GG_CHECK(found.to_vector<int64_t>() == expected, "nonzero: ", to_string(found));
      }
      const Tensor none = nonzero(pattern({0, 2}, 7, type)), scalar = nonzero(ones({}, {boolean, type}));
      GG_CHECK(none.shape() == (Shape{0, 2}) && scalar.shape() == (Shape{1, 0}), "nonzero of little");
      GG_CHECK(nonzero(transpose(pattern({2, 3}, 5, type))).to_vector<int64_t>() == (std::vector<int64_t>{1, 0}),
               "nonzero of a transposed mask");
    }
  };
  where_true.complaints = {{[x] { nonzero(x); }, {"nonzero", "bool", "float32"}}};
  rows.push_back(where_true);

  Row selected{"masked_select",
               "",
               [](In in) { return masked_select(in[0], in[1]); },
               {{{2, 3, 4}}, truths({3, 4})},
               [](Hosts in) {
                 std::vector<Real> v;
                 for (size_t i = 0; i < in[0].v.size(); ++i) {
                   if (in[1].v[i % 12] != 0) v.push_back(in[0].v[i]);
                 }
                 Host out({static_cast<int64_t>(v.size())});
                 out.v = v;
                 return out;
               }};
  selected.large = {{30, 40, 50}, {40, 50}};
  selected.complaints = {{[x] { masked_select(x, x); }, {"masked_select", "bool", "float32"}},
                         {[x] { masked_select(x, ones({2}, {boolean})); }, {"masked_select", "[2,3]", "[2]"}}};
  rows.push_back(selected);
  rows.push_back({"masked_select",
                  "wide_mask",
                  [](In in) { return masked_select(in[0], in[1]); },
                  {{{3}}, truths({5, 3})},
                  [](Hosts in) {
                    std::vector<Real> v;
                    for (size_t i = 0; i < in[1].v.size(); ++i) {
                      if (in[1].v[i] != 0) v.push_back(in[0].v[i % 3]);
                    }
                    Host out({static_cast<int64_t>(v.size())});
                    out.v = v;
                    return out;
                  }});

  auto row = [&](std::string name, std::string variant, Run run, Input in, Oracle oracle) -> Row& {
    rows.push_back({std::move(name), std::move(variant), std::move(run), {std::move(in)}, std::move(oracle)});
    return rows.back();
  };
  row(
      "flip", "", [](In in) { return flip(in[0], -1); }, {{2, 3, 5}},
      taken({2, 3, 5},
            [](Position p) {
              p[2] = 4 - p[2];
              return p;
            }))
      .complaints = {{[x] { flip(x, 2); }, {"flip", "axis 2"}},
                     {[x] {
                        flip(x, {0, -2});
                      },
                      {"flip", "axis 0 is named twice"}}};
  rows.back().large = {{30, 40, 50}};
  row(
      "flip", "two",
      [](In in) {
        return flip(in[0], {0, 2});
      },
      {{9, 8, 10}}, taken({9, 8, 10}, [](Position p) {
        p[0] = 8 - p[0];
        p[2] = 9 - p[2];
        return p;
      }));
  row(
      "flip", "transposed", [](In in) { return contiguous(flip(transpose(in[0]), 0)); }, {{40, 50}},
      taken({50, 40},
            [](Position p) {
              return Position{p[1], 49 - p[0]};
            }))
      .order = 0;
  row(
      "flip", "nothing", [](In in) { return flip(in[0], 1); }, {{2, 0}}, taken({2, 0}, [](Position p) { return p; }));
  row(
      "roll", "", [](In in) { return roll(in[0], 2, 1); }, {{2, 5}},
      taken({2, 5},
            [](Position p) {
              p[1] = (p[1] + 3) % 5;
              return p;
            }))
      .complaints = {{[x] { roll(x, 1, 2); }, {"roll", "axis 2"}},
                     {[x] {
                        roll(x, {1, 2}, {0});
                      },
                      {"roll", "2 shifts for 1 axes"}}};
  row(
      "roll", "back",
      [](In in) {
        return roll(in[0], {-1, 13}, {0, -1});
      },
      {{3, 2, 5}}, taken({3, 2, 5}, [](Position p) {
        p[0] = (p[0] + 1) % 3;
        p[2] = (p[2] + 2) % 5;
        return p;
      }));
  row(
      "tile", "",
      [](In in) {
        return tile(in[0], {2, 3, 1, 2});
      },
      {{2, 3, 2}},
      taken({2, 6, 3, 4},
            [](Position p) {
              return Position{p[1] % 2, p[2], p[3] % 2};
            }))
      .complaints = {{[x] { tile(x, {-1}); }, {"tile", "-1", "axis 1"}},
                     {[x] {
                        tile(x, {1, 1, 1, 1, 1, 1, 1, 1, 2});
                      },
                      {"tile", "at most 8 axes", "9 repeats"}}};
  rows.back().extra = [] {  // results that are written in place
    for (const Tensor& t : {tile(ones({2, 1}), {1, 3}), repeat_interleave(ones({2, 1}), 3, 1), tile(ones({}), {4})}) {
      Tensor y = t.detach();
      y.mutable_data<float>()[0] = 5;
      GG_CHECK(sum(y).item() == 4.0 + static_cast<double>(y.numel()), "tile: elements share memory: ", to_string(y));
    }
  };
  row(
      "tile", "eight_axes",
      [](In in) {
        return tile(in[0], {2, 1, 1, 1, 1, 1, 1, 3});
      },
      {{2, 1, 1, 1, 1, 1, 1, 2}}, taken({4, 1, 1, 1, 1, 1, 1, 6}, [](Position p) {
        p[0] %= 2;
        p[7] %= 2;
        return p;
      }));
  rows.back().extra = [] { GG_CHECK(tile(ones({2, 3}), {0}).shape() == (Shape{2, 0}), "tile by 0"); };
  rows.back().order = 0;
  row(
      "repeat_interleave", "", [](In in) { return repeat_interleave(in[0], 3, 0); }, {{2, 4}},
      taken({6, 4},
            [](Position p) {
              p[0] /= 3;
              return p;
            }))
      .complaints = {{[x] { repeat_interleave(x, -1, 0); }, {"repeat_interleave", "-1"}},
                     {[x] { repeat_interleave(x, 1, 2); }, {"repeat_interleave", "axis 2"}}};
  row(
      "repeat_interleave", "last", [](In in) { return repeat_interleave(in[0], 2, -1); }, {{2, 4}},
      taken({2, 8}, [](Position p) {
        p[1] /= 2;
        return p;
      }));

  Row along{"take_along_dim",
            "",
            [](In in) { return take_along_dim(in[0], in[1], 1); },
            {{{2, 4, 3}}, integers({1, 5, 3}, 4)},
            [](Hosts in) {
              Host out({2, 5, 3});
              for (int64_t i = 0; i < 2; ++i) {
                for (int64_t j = 0; j < 5; ++j) {
                  for (int64_t k = 0; k < 3; ++k) {
                    out.at({i, j, k}) = in[0].at({i, static_cast<int64_t>(in[1].at({0, j, k})), k});
                  }
                }
              }
              return out;
            }};
  along.complaints = {{[x] { take_along_dim(x, zeros({2}, {i64}), 0); }, {"take_along_dim", "[2]", "[2,3]"}},
                      {[x] { take_along_dim(x, x, 0); }, {"take_along_dim", "int64", "float32"}},
                      {[x] {
                         take_along_dim(x, zeros({4, 1}, {i64}), 1);
                       },
                       {"take_along_dim", "[4,1]", "[2,3]"}}};
  rows.push_back(along);
  rows.push_back({"take_along_dim",
                  "wide_index",
                  [](In in) { return take_along_dim(in[0], in[1], -1); },
                  {{{1, 4}}, integers({3, 2}, 4)},
                  [](Hosts in) {
                    Host out({3, 2});
                    for (int64_t i = 0; i < 3; ++i) {
                      for (int64_t j = 0; j < 2; ++j) {
                        out.at({i, j}) = in[0].at({0, static_cast<int64_t>(in[1].at({i, j}))});
                      }
                    }
                    return out;
                  }});
  return rows;
}

}  // namespace gg::optable
