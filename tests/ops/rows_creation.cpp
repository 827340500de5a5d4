// Rows of new tensors. Random ones are tested for their moments and ranges at five standard errors, with fixed seeds;
// the generator itself has tests of its own.
#include <algorithm>
#include <cmath>

#include "ops/ops.h"
#include "tests/ops/op_table.h"

namespace gg::optable {
namespace {

using In = std::span<const Tensor>;
using Hosts = std::span<const Host>;

Host listed(Shape shape, std::vector<Real> values) {
  Host h(shape);
  h.v = std::move(values);
  return h;
}

Row fixed(std::string name, std::string variant, std::function<Tensor()> make, Host expected,
          std::vector<Complaint> complaints = {}) {
  Row row{
      std::move(name), std::move(variant), [make](In) { return make(); }, {}, [expected](Hosts) { return expected; }};
  row.order = 0;
  row.complaints = std::move(complaints);
  return row;
}

Row random(std::string name, std::string variant, std::function<void()> checks,
           std::vector<Complaint> complaints = {}) {
  Row row{std::move(name), std::move(variant), nullptr, {}, nullptr};
  row.order = 0;
  row.extra = std::move(checks);
  row.complaints = std::move(complaints);
  return row;
}

std::vector<double> numbers(const Tensor& t) { return to(t, f64).to_vector<double>(); }

void expect_moments(const char* what, const std::vector<double>& v, double mean, double variance, double fourth) {
  auto n = static_cast<double>(v.size());
  double m = 0, s = 0;
  for (double x : v) m += x / n;
  for (double x : v) s += (x - mean) * (x - mean) / n;
  GG_CHECK(std::abs(m - mean) < 5 * std::sqrt(variance / n), what, ": mean ", m, ", expected ", mean);
  GG_CHECK(std::abs(s - variance) < 5 * std::sqrt((fourth - variance * variance) / n), what, ": variance ", s,
           ", expected ", variance);
}

// The same numbers for the same seed, others for the next draw, and no history.
void expect_repeatable(const char* what, const std::function<Tensor(Generator&)>& draw) {
  Generator a(42), b(42);
  Tensor first = draw(a);
  GG_CHECK(numbers(first) == numbers(draw(b)), what, " does not repeat with the same seed");
  GG_CHECK(numbers(first) != numbers(draw(a)), what, " draws the same numbers twice");
  GG_CHECK(!first.requires_grad(), what, " has a history");
}

}  // namespace

std::vector<Row> creation_rows() {
  Tensor like = ones({2, 2}, {f64});
  std::vector<Row> rows = {
      fixed("full", "",
            [] {
              return full({2, 2}, 2.5);
            },
            listed({2, 2}, {2.5, 2.5, 2.5, 2.5}),
            {{[] {
                full({2, -1}, 0);
              },
              {"must not be negative", "[2,-1]"}},
             {[] { full({2}, 0.5, {i64}); }, {"full", "0.5 is not a whole number", "int64"}}}),
      fixed(
          "full", "int64", [] { return full({2}, -3, {i64}); }, listed({2}, {-3, -3})),
      fixed(
          "full", "empty",
          [] {
            return full({0, 3}, 1);
          },
          listed({0, 3}, {})),
      fixed(
          "zeros", "", [] { return zeros({3}); }, listed({3}, {0, 0, 0})),
      fixed(
          "ones", "", [] { return ones({}); }, listed({}, {1})),
      fixed(
          "full_like", "", [like] { return full_like(like, 7); }, listed({2, 2}, {7, 7, 7, 7})),
      fixed(
          "zeros_like", "", [like] { return zeros_like(like); }, listed({2, 2}, {0, 0, 0, 0})),
      fixed(
          "ones_like", "", [like] { return ones_like(like); }, listed({2, 2}, {1, 1, 1, 1})),
      fixed("arange", "", [] { return arange(2, 7, 2); }, listed({3}, {2, 4, 6}),
            {{[] { arange(0, 1, 0); }, {"arange", "step other than 0"}},
             {[] { arange(0, INFINITY); }, {"arange", "finite"}}}),
      fixed(
          "arange", "down", [] { return arange(1, -1, -0.5, {f64}); }, listed({4}, {1, 0.5, 0, -0.5})),
      fixed(
          "arange", "empty", [] { return arange(3, 3); }, listed({0}, {})),
      fixed("linspace", "", [] { return linspace(-1, 1, 5, {f64}); }, listed({5}, {-1, -0.5, 0, 0.5, 1}),
            {{[] { linspace(0, 1, 0); }, {"linspace", "at least one number, got 0"}},
             {[] { linspace(0, 1, 3, {i64}); }, {"linspace", "floating", "int64"}}}),
      fixed(
          "linspace", "one", [] { return linspace(3, 9, 1); }, listed({1}, {3})),
      fixed("eye", "", [] { return eye(2); }, listed({2, 2}, {1, 0, 0, 1}), {{[] { eye(-1); }, {"eye", "-1"}}}),
      fixed(
          "eye", "nothing", [] { return eye(0, {f64}); }, listed({0, 0}, {})),
      fixed("one_hot", "",
            [] {
              return one_hot(from_vector<int64_t>({2, 0}, {2}), 3);
            },
            listed({2, 3}, {0, 0, 1, 1, 0, 0}),
            {{[] { one_hot(ones({2}), 3); }, {"one_hot", "int64", "float32"}},
             {[] { one_hot(zeros({2}, {i64}), 0); }, {"one_hot", "at least one class"}}}),
  };
  rows[5].extra = [like] {
    constexpr int64_t large = (int64_t{1} << 60) + 1;  // no double
    GG_CHECK(full({1}, large, {i64}).to_vector<int64_t>()[0] == large, "full of a large integer");
    GG_CHECK(full({1}, INT64_MIN, {i64}).to_vector<int64_t>()[0] == INT64_MIN, "full of the least integer");
    GG_CHECK(full_like(arange(0, 1), -large).to_vector<int64_t>()[0] == -large, "full_like of a large integer");
    GG_CHECK(full_like(like, 1).dtype() == f64 && zeros_like(like).dtype() == f64 && ones_like(like).dtype() == f64,
             "…_like does not keep the type");
    GG_CHECK(arange(0, 3).dtype() == i64 && ones({1}).dtype() == f32, "default types");
    GG_CHECK(
        arange(0, 3, 1, {}).dtype() == i64 && randint(0, 3, {2}, {}).dtype() == i64 && randperm(3, {}).dtype() == i64,
        "empty options change the type");
    GG_CHECK(zeros_like(like, {.dtype = i64}).dtype() == i64, "zeros_like: options");
    Generator a(8), b(8);
    GG_CHECK(randint(0, 9, {20}, {.dtype = f64}, a).to_vector<double>() == numbers(randint(0, 9, {20}, {}, b)),
             "randint of another type draws other numbers");
    GG_CHECK(numbers(rand_like(like, {.dtype = f32}, a)) == numbers(rand({2, 2}, {f32}, b)) &&
                 numbers(randn_like(like, {}, a)) == numbers(randn({2, 2}, {f64}, b)),
             "rand_like draws other numbers");
    GG_CHECK(randperm(6, {.dtype = f32}, a).dtype() == f32, "randperm: type");
    for (int64_t n : {2, 50, 100, 1000}) {
      std::vector<float> v = linspace(-0.1, 0.7, n).to_vector<float>();
      GG_CHECK(v.front() == -0.1f && v.back() == 0.7f, "linspace misses its ends with ", n, " numbers");
    }
    Tensor index = from_vector<int64_t>({1}, {1});
    GG_CHECK(one_hot(index, 2, {.dtype = boolean}).dtype() == boolean, "one_hot: type");
    if (!is_available(Device::emulated)) return;
    Device there = Device::emulated;
    for (const Tensor& t :
         {one_hot(index, 2, {.device = there}), zeros_like(like, {.device = there}), rand_like(like, {.device = there}),
          randint(0, 3, {2}, {.device = there}), randperm(3, {.device = there}), eye(2, {.device = there})}) {
      GG_CHECK(t.device() == there, "the device asked for is not honoured");
    }
    GG_CHECK(ones_like(zeros({2}, {.device = there})).device() == there, "…_like does not keep the device");
  };
  return rows;
}

std::vector<Row> random_rows() {
  constexpr int64_t n = 100000;
  return {
      random("rand", "",
             [] {
               for (DType t : {f32, f64}) {
                 Generator g(1);
                 std::vector<double> v = numbers(rand({n}, {t}, g));
                 GG_CHECK(*std::min_element(v.begin(), v.end()) >= 0 && *std::max_element(v.begin(), v.end()) < 1,
                          "rand: out of [0, 1)");
                 expect_moments("rand", v, 0.5, 1.0 / 12, 1.0 / 80);
               }
               expect_repeatable("rand", [](Generator& g) { return rand({5, 3}, {}, g); });
             },
             {{[] { rand({2}, {i64}); }, {"rand", "floating", "int64"}}}),
      random("randn", "",
             [] {
               for (DType t : {f32, f64}) {
                 Generator g(2);
                 expect_moments("randn", numbers(randn({n}, {t}, g)), 0, 1, 3);
               }
               expect_repeatable("randn", [](Generator& g) { return randn({5, 3}, {}, g); });
             },
             {{[] { randn({2}, {i64}); }, {"randn", "floating", "int64"}}}),
      random("rand_like", "",
             [] {
               manual_seed(3);
               Tensor a = rand_like(ones({4}, {f64}));
               manual_seed(3);
               GG_CHECK(numbers(a) == numbers(rand({4}, {f64})), "rand_like is not rand of the same shape and type");
             }),
      random("randn_like", "",
             [] {
               manual_seed(3);
               Tensor a = randn_like(ones({4}, {f64}));
               manual_seed(3);
               GG_CHECK(numbers(a) == numbers(randn({4}, {f64})), "randn_like is not randn of the same shape and type");
             }),
      random("randint", "",
             [] {
               Generator g(4);
               std::vector<int64_t> v = randint(-2, 3, {n}, {}, g).to_vector<int64_t>();
               for (int64_t k = -2; k < 3; ++k) {
                 auto seen = static_cast<double>(std::count(v.begin(), v.end(), k));
                 GG_CHECK(std::abs(seen - n / 5.0) < 5 * std::sqrt(n * 0.2 * 0.8), "randint: ", k, " came ", seen,
                          " times");
               }
               GG_CHECK(*std::min_element(v.begin(), v.end()) == -2 && *std::max_element(v.begin(), v.end()) == 2,
                        "randint: out of range");
               expect_repeatable("randint", [](Generator& r) { return randint(0, 1000, {20}, {}, r); });
             },
             {{[] { randint(3, 3, {2}); }, {"randint", "from 3 to 3 is empty"}},
              {[] { randint(0, 3, {2}, {boolean}); }, {"randint", "bool"}}}),
      random("bernoulli", "",
             [] {
               Generator g(5);
               std::vector<double> v = numbers(bernoulli({n}, 0.3, {}, g));
               expect_moments("bernoulli", v, 0.3, 0.21, 0.21 * (1 - 3 * 0.21));
               GG_CHECK(std::all_of(v.begin(), v.end(), [](double x) { return x == 0 || x == 1; }),
                        "bernoulli: not 0 or 1");
               GG_CHECK(numbers(bernoulli({9}, 0, {}, g)) == std::vector<double>(9, 0), "bernoulli of 0");
               GG_CHECK(numbers(bernoulli({9}, 1, {}, g)) == std::vector<double>(9, 1), "bernoulli of 1");
               expect_repeatable("bernoulli", [](Generator& r) { return bernoulli({90}, 0.5, {}, r); });
             },
             {{[] { bernoulli({2}, 1.5); }, {"bernoulli", "[0, 1], got 1.5"}}}),
      random("randperm", "",
             [] {
               Generator g(6);
               std::vector<int64_t> v = randperm(1000, {}, g).to_vector<int64_t>(), sorted = v;
               std::sort(sorted.begin(), sorted.end());
               for (int64_t i = 0; i < 1000; ++i) GG_CHECK(sorted[static_cast<size_t>(i)] == i, "randperm lacks ", i);
               GG_CHECK(sorted != v, "randperm is in order");
               double first = 0;  // the mean of the first position over many draws
               for (int i = 0; i < 2000; ++i)
                 first += static_cast<double>(randperm(10, {}, g).to_vector<int64_t>()[0]) / 2000;
               GG_CHECK(std::abs(first - 4.5) < 5 * std::sqrt(8.25 / 2000), "randperm: the first is ", first,
                        " on average");
               GG_CHECK(randperm(0, {}, g).numel() == 0, "randperm of nothing");
               expect_repeatable("randperm", [](Generator& r) { return randperm(50, {}, r); });
             },
             {{[] { randperm(-1); }, {"randperm", "-1"}}}),
  };
}

}  // namespace gg::optable
