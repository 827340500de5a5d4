// Rows of sorting, the largest few, and the median.
#include "ops/sort.h"

#include <algorithm>
#include <cmath>

#include "autograd/autograd.h"
#include "ops/ops.h"
#include "tests/ops/op_table.h"

namespace gg::optable {
namespace {

// Takes k elements of each line of x along an axis, in the order of before(a, b), equal ones as they stand; `give`
// makes a number of an element and its place.
Oracle ordered(int axis, int64_t k, bool descending, bool by_place, bool places) {
  return [=](std::span<const Host> in) {
    Shape shape = in[0].shape;
    const int64_t n = shape[axis], inner = shape.part(axis + 1, shape.rank()).numel();
    shape[axis] = k;
    Host out(shape);
    for (int64_t o = 0; o < shape.part(0, axis).numel(); ++o) {
      for (int64_t i = 0; i < inner; ++i) {
        std::vector<std::pair<Real, int64_t>> line;
        for (int64_t j = 0; j < n; ++j) line.push_back({in[0].v[static_cast<size_t>((o * n + j) * inner + i)], j});
        std::stable_sort(line.begin(), line.end(), [&](const auto& a, const auto& b) {
          return descending ? a.first > b.first : a.first < b.first;
        });
        line.resize(static_cast<size_t>(k));
        if (by_place) {
          std::sort(line.begin(), line.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
        }
        for (int64_t j = 0; j < k; ++j) {
          const auto& [value, place] = line[static_cast<size_t>(j)];
          out.v[static_cast<size_t>((o * k + j) * inner + i)] = places ? static_cast<Real>(place) : value;
        }
      }
    }
    return out;
  };
}

Oracle lower_median(int axis) {
  return [=](std::span<const Host> in) {
    const int64_t n = in[0].shape[axis];
    const Host all = ordered(axis, n, false, false, false)(in);
    const Shape shape = in[0].shape.erased(axis);
    const int64_t inner = in[0].shape.part(axis + 1, in[0].shape.rank()).numel();
    Host out(shape);
    for (size_t i = 0; i < out.v.size(); ++i) {
      const auto at = static_cast<int64_t>(i);
      out.v[i] = all.v[static_cast<size_t>((at / inner * n + (n - 1) / 2) * inner + at % inner)];
    }
    return out;
  };
}

template <class T>
void expect(const char* what, const Tensor& x, const std::vector<T>& expected) {
  const std::vector<T> got = x.to_vector<T>();
  bool same = got.size() == expected.size();
  for (size_t i = 0; same && i < got.size(); ++i) {
    same = got[i] == expected[i] || (got[i] != got[i] && expected[i] != expected[i]);
  }
  GG_CHECK(same, what, ": got ", to_string(x));
}

// Order at the hard places, of float32, float64 and int64.
void check_special_on(Device device) {
  for (DType type : {f32, f64}) {
    const Tensor x = to(tensor({NAN, 1, -0.0, -INFINITY, 0.0, INFINITY, -1e-30, 1, -NAN}, {f64, device}), type);
    expect<int64_t>("argsort", argsort(x), {3, 6, 2, 4, 1, 7, 5, 0, 8});
    expect<int64_t>("argsort, descending", argsort(x, 0, {.descending = true}), {0, 8, 5, 1, 7, 2, 4, 6, 3});
    expect<int64_t>("topk", topk(x, 4).indices, {0, 8, 5, 1});
    expect<int64_t>("topk, smallest", topk(x, 3, 0, {.largest = false}).indices, {3, 6, 2});
  }
  const Tensor whole = from_vector<int64_t>({5, INT64_MIN, INT64_MAX, 0, -1, 5}, {6}, device);
  expect<int64_t>("argsort of int64", argsort(whole), {1, 4, 3, 0, 5, 2});
  expect<int64_t>("sort of int64", sort(whole, 0, {.descending = true}).values, {INT64_MAX, 5, 5, 0, -1, INT64_MIN});
  GG_CHECK(sort(scalar(3)).values.item() == 3 && sort(scalar(3)).indices.item() == 0, "sort of a scalar");
}
void check_special() {
  for (Device::Type type : {Device::cpu, Device::emulated, Device::cuda}) {
    if (is_available(type)) check_special_on(type);
  }
}

// Long rows with many equal elements: all algorithms of the CPU.
void check_long_rows() {
  for (int64_t n : {100, 300, 5000, 20000}) {
    for (DType type : {f32, f64, i64}) {
      Generator g(static_cast<uint64_t>(n));
      const Tensor x = to(randint(-50, 50, {2, n}, {}, g), type);
      const Tensor order = argsort(x), sorted = gather(x, 1, order);
      const Tensor a = slice(sorted, 1, 0, n - 1), b = slice(sorted, 1, 1);
      const Tensor i = slice(order, 1, 0, n - 1), j = slice(order, 1, 1);
      GG_CHECK(all(logical_or(lt(a, b), logical_and(eq(a, b), lt(i, j)))).item() == 1, "argsort of ", n, " ", type);
      GG_CHECK(all(eq(sort(order, 1).values, arange(0, static_cast<double>(n)))).item() == 1, "no permutation: ", n);
      for (int64_t k : {int64_t{1}, n / 16, n / 8, n / 2}) {
        GG_CHECK(all(eq(topk(x, k, 1, {.largest = false}).indices, slice(order, 1, 0, k))).item() == 1, "topk of ", n);
        if (type == i64) continue;
        const Tensor y = where(eq(x, full({}, 7, {type})), full({}, NAN, {type}), x);
        for (bool largest : {false, true}) {
          const Tensor first = slice(argsort(y, 1, {.descending = largest}), 1, 0, k);
          GG_CHECK(all(eq(topk(y, k, 1, {.largest = largest}).indices, first)).item() == 1, "topk with NaN of ", n);
        }
      }
    }
  }
}

}  // namespace

std::vector<Row> sort_rows() {
  using In = std::span<const Tensor>;
  const Tensor x = ones({2, 3}), truth = ones({2}, {boolean});
  std::vector<Row> rows;
  auto row = [&](std::string name, std::string variant, Run run, Input in, Oracle oracle, int order = 2) -> Row& {
    rows.push_back({std::move(name), std::move(variant), std::move(run), {std::move(in)}, std::move(oracle), order});
    return rows.back();
  };

  row(
      "sort", "", [](In in) { return sort(in[0]).values; }, spread({2, 3, 5}), ordered(2, 5, false, false, false))
      .large = {{3, 40, 3000}};
  rows.back().extra = check_special;
  rows.back().complaints = {{[x] { sort(x, 2); }, {"sort", "axis 2 is out of range"}},
                            {[truth] { sort(truth); }, {"sort", "not defined for bool", "int64"}}};
  row(
      "sort", "down", [](In in) { return sort(in[0], 1, {.descending = true}).values; }, spread({2, 7, 3}),
      ordered(1, 7, true, false, false))
      .large = {{2, 300, 40}};
  row(
      "sort", "nothing", [](In in) { return sort(in[0]).values; }, {{3, 0}}, ordered(1, 0, false, false, false));
  row(
      "sort", "integers", [](In in) { return sort(in[0], 0, {.descending = true}).values; }, integers({9, 4}, 5),
      ordered(0, 9, true, false, false), 0);
  row(
      "sort", "long", [](In in) { return sort(in[0]).indices; }, integers({2, 2100}, 99),  // more than one tile
      ordered(1, 2100, false, false, true), 0);
  row(
      "argsort", "", [](In in) { return argsort(in[0]); }, spread({4, 9}), ordered(1, 9, false, false, true), 0)
      .extra = check_long_rows;
  rows.back().complaints = {{[x] { argsort(x, -3); }, {"argsort", "axis -3"}},
                            {[truth] { argsort(truth); }, {"argsort", "bool"}}};
  row(
      "argsort", "first", [](In in) { return argsort(in[0], 0, {.descending = true}); }, spread({9, 4}),
      ordered(0, 9, true, false, true), 0);
  row(
      "argsort", "equals", [](In in) { return argsort(in[0], 1, {.descending = true}); }, integers({4, 20}, 3),
      ordered(1, 20, true, false, true), 0);
  row(
      "argsort", "tile", [](In in) { return argsort(in[0], -1, {.descending = true}); }, spread({2, 150}),
      ordered(1, 150, true, false, true), 0);

  row(
      "topk", "", [](In in) { return topk(in[0], 3).values; }, spread({2, 3, 9}), ordered(2, 3, true, false, false))
      .large = {{3, 40, 3000}};
  rows.back().complaints = {{[x] { topk(x, 4); }, {"topk", "4 elements", "axis 1 of [2,3]", "has 3"}},
                            {[x] { topk(x, -1); }, {"topk", "-1 elements"}},
                            {[truth] { topk(truth, 1); }, {"topk", "bool"}}};
  row(
      "topk", "smallest", [](In in) { return topk(in[0], 2, 1, {.largest = false}).values; }, spread({2, 20, 3}),
      ordered(1, 2, false, false, false));
  row(
      "topk", "in_place", [](In in) { return topk(in[0], 4, 0, {.sorted = false}).values; }, spread({9, 3}),
      ordered(0, 4, true, true, false));
  row(
      "topk", "indices", [](In in) { return topk(in[0], 3).indices; }, integers({5, 70}, 20),
      ordered(1, 3, true, false, true), 0);
  row(
      "topk", "none", [](In in) { return topk(in[0], 0).values; }, {{2, 3}}, ordered(1, 0, true, false, false));

  row(
      "median", "", [](In in) { return median(in[0], 1); }, spread({2, 6, 3}), lower_median(1))
      .extra = [] {
    expect<float>("median", median(tensor({{3, NAN, 1}, {3, 2, 1}}), 1), {NAN, 2});
    Tensor t = tensor({4, 1, 3, 2}, {f64}).requires_grad_();
    expect<double>("median: gradient", grad(median(t, 0), t), {0, 0, 0, 1});
    expect<float>("median of all", median(tensor({{3, 9, 1}, {3, 2, 8}})), {3});
  };
  rows.back().complaints = {{[] {
                               median(ones({2, 0}), 1);
                             },
                             {"median", "axis 1 of [2,0] is empty"}},
                            {[x] { median(x, 2); }, {"median", "axis 2"}},
                            {[truth] { median(truth, 0); }, {"median", "bool"}}};
  const Oracle itself = [](std::span<const Host> in) { return in[0]; };
  const Oracle zero = [](std::span<const Host>) { return Host(Shape{}); };
  row(
      "sort", "scalar", [](In in) { return sort(in[0]).values; }, {Shape{}}, itself);
  row(
      "argsort", "scalar", [](In in) { return argsort(in[0]); }, {Shape{}}, zero, 0)
      .complaints = {{[] { argsort(scalar(1), 1); }, {"argsort", "axis 1"}}};
  row(
      "topk", "scalar", [](In in) { return topk(in[0], 1).values; }, {Shape{}}, itself)
      .complaints = {{[] { topk(scalar(1), 2); }, {"topk", "1 element", "k = 2"}},
                     {[] { topk(scalar(1), 1, 1); }, {"topk", "axis 1"}}};
  row(
      "median", "scalar", [](In in) { return median(in[0], -1); }, {Shape{}}, itself)
      .complaints = {{[] { median(scalar(1), 1); }, {"median", "axis 1"}}};
  row(
      "median", "odd", [](In in) { return median(in[0], -1); }, spread({4, 5}), lower_median(1))
      .large = {{40, 999}};
  row(
      "median", "integers", [](In in) { return median(in[0], 0); }, integers({8, 3}, 9), lower_median(0), 0);
  return rows;
}

}  // namespace gg::optable
