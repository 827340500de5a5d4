// Rows of operations that move elements.
#include <limits>
#include <utility>

#include "autograd/autograd.h"
#include "ops/ops.h"
#include "tests/ops/op_table.h"

namespace gg::optable {
namespace {

using Position = std::span<const int64_t>;

// An output of which each element is an element of the only input: `source` says which, as its flat index.
Oracle moving(Shape shape, std::function<int64_t(Position)> source) {
  return [shape, source](std::span<const Host> in) {
    Host out(shape);
    size_t n = 0;
    for_each_position(shape, [&](Position p) { out.v[n++] = in[0].v[static_cast<size_t>(source(p))]; });
    return out;
  };
}

Oracle same_order(Shape shape) {
  return [shape](std::span<const Host> in) {
    Host out(shape);
    out.v = in[0].v;
    return out;
  };
}

Row view(std::string name, std::string variant, Tensor (*op)(const Tensor&), Shape shape, Oracle oracle,
         std::vector<Complaint> complaints = {}) {
  Row row{std::move(name),
          std::move(variant),
          [op](std::span<const Tensor> in) { return op(in[0]); },
          {{shape}},
          std::move(oracle)};
  row.tolerance64 = row.tolerance32 = 0;
  row.complaints = std::move(complaints);
  return row;
}

}  // namespace

std::vector<Row> shape_rows() {
  Tensor x = ones({2, 3, 4});
  std::vector<Row> rows;
  rows.push_back(view("reshape", "",
                      [](const Tensor& t) {
                        return reshape(t, {4, -1});
                      },
                      {2, 3, 4}, same_order({4, 6}),
                      {{[x] {
                          reshape(x, {5, 5});
                        },
                        {"reshape", "[2,3,4]", "24 elements", "25"}},
                       {[x] {
                          reshape(x, {-1, -1});
                        },
                        {"only one size may be -1"}},
                       {[x] {
                          reshape(x, {5, -1});
                        },
                        {"reshape", "does not fit"}},
                       {[x] {
                          reshape(x, {-2, 12});
                        },
                        {"must not be negative"}}}));
  rows.push_back(view(
      "reshape", "scalar",
      [](const Tensor& t) {
        return reshape(t, {1, 1});
      },
      {}, same_order({1, 1})));
  rows.push_back(view(
      "reshape", "empty",
      [](const Tensor& t) {
        return reshape(t, {3, 0});
      },
      {0, 5}, same_order({3, 0})));
  rows.push_back(view(
      "reshape", "of_transposed", [](const Tensor& t) { return reshape(transpose(t), {6}); }, {2, 3},
      moving({6}, [](Position p) { return p[0] % 2 * 3 + p[0] / 2; })));
  rows.push_back(view("flatten", "", [](const Tensor& t) { return flatten(t, 1, 2); }, {2, 3, 4}, same_order({2, 12}),
                      {{[x] { flatten(x, 2, 1); }, {"flatten", "first axis 2 comes after last axis 1"}},
                       {[x] { flatten(x, 0, 3); }, {"flatten", "3"}}}));
  rows.push_back(view(
      "flatten", "scalar", [](const Tensor& t) { return flatten(t); }, {}, same_order({1})));
  rows.push_back(view("unsqueeze", "", [](const Tensor& t) { return unsqueeze(t, -1); }, {2, 3}, same_order({2, 3, 1}),
                      {{[x] { unsqueeze(x, 4); }, {"unsqueeze", "4"}}}));
  rows.push_back(view("squeeze", "", [](const Tensor& t) { return squeeze(t, 1); }, {2, 1, 3}, same_order({2, 3}),
                      {{[x] { squeeze(x, 1); }, {"squeeze", "axis 1", "size 3, expected 1"}}}));
  rows.push_back(view("expand", "",
                      [](const Tensor& t) {
                        return expand(t, {2, 3, 4});
                      },
                      {3, 1}, moving({2, 3, 4}, [](Position p) { return p[1]; }),
                      {{[x] {
                          expand(x, {2, 5, 4});
                        },
                        {"expand", "[2,3,4]", "[2,5,4]"}},
                       {[x] {
                          expand(x, {3, 4});
                        },
                        {"expand", "[2,3,4]"}}}));
  rows.push_back(view(
      "expand", "scalar",
      [](const Tensor& t) {
        return expand(t, {2, 2});
      },
      {}, moving({2, 2}, [](Position) { return 0; })));
  rows.push_back(view(
      "expand", "to_nothing",
      [](const Tensor& t) {
        return expand(t, {0, 2});
      },
      {1, 2}, moving({0, 2}, [](Position) { return 0; })));
  rows.push_back(view("permute", "",
                      [](const Tensor& t) {
                        return permute(t, {2, 0, -2});
                      },
                      {2, 3, 4}, moving({4, 2, 3}, [](Position p) { return (p[1] * 3 + p[2]) * 4 + p[0]; }),
                      {{[x] {
                          permute(x, {0, 1});
                        },
                        {"permute", "2 axes given", "3 axes"}},
                       {[x] {
                          permute(x, {0, 1, 1});
                        },
                        {"permute", "axis 1 is named twice"}},
                       {[x] {
                          permute(x, {0, 1, 3});
                        },
                        {"permute", "3"}}}));
  rows.push_back(view("transpose", "", [](const Tensor& t) { return transpose(t, 0, -1); }, {2, 3, 4},
                      moving({4, 3, 2}, [](Position p) { return (p[2] * 3 + p[1]) * 4 + p[0]; }),
                      {{[x] { transpose(x, 0, 5); }, {"transpose", "5"}}}));
  rows.push_back(view("slice", "", [](const Tensor& t) { return slice(t, 1, 1, kEnd, 2); }, {2, 5},
                      moving({2, 2}, [](Position p) { return p[0] * 5 + 1 + 2 * p[1]; }),
                      {{[x] { slice(x, 0, 0, 1, 0); }, {"slice", "step must be at least 1, got 0"}},
                       {[x] { slice(x, 3, 0); }, {"slice", "3"}}}));
  rows.push_back(view(
      "slice", "from_the_end", [](const Tensor& t) { return slice(t, -1, -3, -1); }, {2, 5},
      moving({2, 2}, [](Position p) { return p[0] * 5 + 2 + p[1]; })));
  rows.push_back(view(
      "slice", "empty", [](const Tensor& t) { return slice(t, 0, 2, 1); }, {3, 2},
      moving({0, 2}, [](Position) { return 0; })));
  rows.push_back(view("select", "", [](const Tensor& t) { return select(t, 1, -1); }, {2, 3, 2},
                      moving({2, 2}, [](Position p) { return (p[0] * 3 + 2) * 2 + p[1]; }),
                      {{[x] { select(x, 1, 3); }, {"select", "index 3 is out of range", "axis 1"}},
                       {[x] { select(x, 1, -4); }, {"select", "index -4"}}}));
  rows.push_back(view(
      "contiguous", "", [](const Tensor& t) { return contiguous(transpose(t)); }, {2, 3},
      moving({3, 2}, [](Position p) { return p[1] * 3 + p[0]; })));
  rows.push_back(view(
      "clone", "", [](const Tensor& t) { return clone(t); }, {2, 3}, same_order({2, 3})));
  rows.back().extra = [] {
    Tensor t = ones({2, 3});
    Tensor copy = clone(t);
    copy.mutable_data<float>()[0] = 5;
    GG_CHECK(t.to_vector<float>()[0] == 1, "clone shares storage");
    GG_CHECK(contiguous(t).is_same(t), "contiguous copied a contiguous tensor");
    GG_CHECK(!clone(transpose(t)).is_contiguous(), "clone does not keep the axis order");
  };
  rows.push_back(view(
      "to_device", "",
      [](const Tensor& t) {
        const Device away = t.device().is_cpu() ? Device::emulated : Device::cpu;
        return is_available(away) ? to(to(t, away), t.device()) : clone(t);
      },
      {2, 3}, same_order({2, 3})));
  return rows;
}

std::vector<Row> joining_rows() {
  std::vector<Row> rows;
  rows.push_back(view(
      "unslice", "", [](const Tensor& t) { return unslice(t, 1, 1, 2, 6); }, {2, 3},
      [](std::span<const Host> in) {
        Host out({2, 6});
        for (int64_t i = 0; i < 2; ++i) {
          for (int64_t j = 0; j < 3; ++j) out.at({i, 1 + 2 * j}) = in[0].at({i, j});
        }
        return out;
      },
      {{[] { unslice(ones({3}), 0, 1, 2, 5); }, {"unslice", "3 elements", "do not fit", "5"}}}));
  for (double value : {0.0, -1.5}) {
    Row pad_row{"pad",
                value == 0 ? "" : "value",
                [value](std::span<const Tensor> in) {
                  return pad(in[0], {{0, 1, 0}, {-1, 2, 1}}, value);
                },
                {{{2, 3}}},
                [value](std::span<const Host> in) {
                  Host out({3, 6});
                  for (Real& v : out.v) v = value;
                  for (int64_t i = 0; i < 2; ++i) {
                    for (int64_t j = 0; j < 3; ++j) out.at({i + 1, j + 2}) = in[0].at({i, j});
                  }
                  return out;
                }};
    pad_row.complaints = {{[] {
                             pad(ones({3}), {{0, -1, 0}});
                           },
                           {"pad", "must not be negative, got -1"}},
                          {[] {
                             pad(ones({3}), {{1, 1, 1}});
                           },
                           {"pad", "axis 1 is out of range"}},
                          {[] {
                             pad(zeros({3}, {i64}), {{0, 1, 0}}, 0.5);
                           },
                           {"pad", "0.5", "not a whole number", "int64"}}};
    pad_row.extra = [] {
      constexpr float inf = std::numeric_limits<float>::infinity();
      for (float frame : {inf, -inf}) {
        Tensor x = tensor({1, 2}).requires_grad_();
        Tensor y = pad(x, {{0, 1, 0}, {-1, 0, 1}}, frame);  // twice along one axis
        GG_CHECK(y.to_vector<float>() == (std::vector<float>{frame, 1, 2, frame}), "pad by infinity: ", to_string(y));
        Tensor g = grad(y, x, {.grad_outputs = {tensor({3, 4, 5, 6})}});
        GG_CHECK(g.to_vector<float>() == (std::vector<float>{4, 5}), "pad by infinity: gradient ", to_string(g));
      }
      constexpr int64_t large = (int64_t{1} << 60) + 1;  // no double
      GG_CHECK(pad(arange(1, 3), {{0, 1, 1}}, large).to_vector<int64_t>() == (std::vector<int64_t>{large, 1, 2, large}),
               "pad of int64");
      GG_CHECK(pad(eq(ones({2}), ones({2})), {{0, 1, 1}}, 1).to_vector<bool>() == std::vector<bool>(4, true),
               "pad of bool");
      GG_CHECK(pad(ones({0, 2}), {{0, 1, 0}, {1, 0, 1}}, 3).to_vector<float>() == std::vector<float>(3, 3),
               "pad of nothing");
    };
    rows.push_back(pad_row);
  }
  auto joined = [](int axis) {
    return [axis](std::span<const Host> in) {  // [2,a] and [2,b] beside or [a,2] and [b,2] below each other
      Shape shape = in[0].shape;
      shape[axis] += in[1].shape[axis];
      Host out(shape);
      for (int64_t i = 0; i < shape[0]; ++i) {
        for (int64_t j = 0; j < shape[1]; ++j) {
          int64_t n = in[0].shape[axis], k = axis == 0 ? i : j;
          const Host& from = k < n ? in[0] : in[1];
          int64_t at = k < n ? k : k - n;
          out.at({i, j}) = axis == 0 ? from.at({at, j}) : from.at({i, at});
        }
      }
      return out;
    };
  };
  Row columns{"concat",
              "columns",
              [](std::span<const Tensor> in) {
                return concat({in[0], in[1]}, -1);
              },
              {{{2, 3}}, {{2, 2}}},
              joined(1)};
  columns.complaints = {{[] { concat({}); }, {"concat", "no tensors"}},
                        {[] {
                           concat({scalar(1), scalar(2)});
                         },
                         {"concat", "use stack"}},
                        {[] {
                           concat({ones({2, 3}), ones({3, 3})}, 1);
                         },
                         {"concat", "[2,3]", "[3,3]", "axis 1"}},
                        {[] {
                           concat({ones({2}), ones({2}, {f64})});
                         },
                         {"concat", "float32", "float64", "do not mix"}}};
  rows.push_back(columns);
  rows.push_back({"concat",
                  "rows",
                  [](std::span<const Tensor> in) {
                    return concat({in[0], in[1]});
                  },
                  {{{1, 2}}, {{3, 2}}},
                  joined(0)});
  rows.push_back({"concat",
                  "with_empty",
                  [](std::span<const Tensor> in) {
                    return concat({in[0], in[1]});
                  },
                  {{{0, 2}}, {{3, 2}}},
                  joined(0)});
  Row stacked{"stack",
              "",
              [](std::span<const Tensor> in) {
                return stack({in[0], in[1]}, 1);
              },
              {{{2, 3}}, {{2, 3}}},
              [](std::span<const Host> in) {
                Host out({2, 2, 3});
                for (int64_t i = 0; i < 2; ++i) {
                  for (int64_t k = 0; k < 2; ++k) {
                    for (int64_t j = 0; j < 3; ++j) out.at({i, k, j}) = in[static_cast<size_t>(k)].at({i, j});
                  }
                }
                return out;
              }};
  stacked.complaints = {{[] { stack({ones({2}), ones({3})}); }, {"differ"}}, {[] { stack({}); }, {"no tensors"}}};
  rows.push_back(stacked);
  // Pieces in the wrong order, so that each must come from its own place.
  Row pieces{"split",
             "",
             [](std::span<const Tensor> in) {
               std::vector<Tensor> p = split(in[0], 2, 1);
               GG_CHECK(p.size() == 3, "split: ", p.size(), " pieces");
               return concat({p[2], p[0], p[1]}, 1);
             },
             {{{2, 5}}},
             moving({2, 5}, [](Position p) { return p[0] * 5 + (p[1] + 4) % 5; })};
  pieces.complaints = {{[] { split(ones({4}), 0); }, {"split", "at least 1, got 0"}},
                       {[] {
                          split(ones({4}), std::vector<int64_t>{1, 2});
                        },
                        {"split", "add up to 3", "4"}},
                       {[] {
                          split(ones({4}), std::vector<int64_t>{5, -1});
                        },
                        {"split", "must not be negative, got -1"}}};
  rows.push_back(pieces);
  rows.push_back({"split",
                  "sizes",
                  [](std::span<const Tensor> in) {
                    std::vector<Tensor> p = split(in[0], std::vector<int64_t>{1, 3, 0, 1}, -1);
                    return concat({p[3], p[2], p[1], p[0]}, 1);
                  },
                  {{{2, 5}}},
                  moving({2, 5}, [](Position p) {
                    constexpr int64_t from[] = {4, 1, 2, 3, 0};
                    return p[0] * 5 + from[p[1]];
                  })});
  return rows;
}

}  // namespace gg::optable
