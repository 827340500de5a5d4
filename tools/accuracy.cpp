#include "tools/accuracy.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <span>

#include "cpu/elementwise_loops.h"
#include "ops/functors/functors.h"

namespace gg::tools {
namespace {

constexpr double kUnit = 0x1p-24;

std::vector<float> points() {
  std::vector<float> x = {0};
  uint64_t state = 1;
  auto uniform = [&] {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<double>(state >> 11) * 0x1p-53;
  };
  for (int i = 0; i < 8000; ++i) {
    const double size = std::exp2(-20 + 32 * uniform());
    x.push_back(static_cast<float>(size));
    x.push_back(static_cast<float>(-size));
    x.push_back(static_cast<float>(20 * uniform() - 10));
  }
  return x;
}

// Not what float32 has no number for, or only one with fewer digits.
bool fits(double size) { return size < std::numeric_limits<float>::max() && size >= std::numeric_limits<float>::min(); }

// The largest error so far, and at which point. NaN is larger than any, and stays it.
struct Largest {
  double error = 0;
  size_t at = 0;

  // `size` is what the error is held against.
  void take(float got, double value, double size, size_t point) {
    if (!fits(size)) return;
    const double e = std::fabs(got - value) / size / kUnit;
    if (e <= error) return;
    error = std::isnan(e) ? std::numeric_limits<double>::infinity() : e;
    at = point;
  }
};

// f, or 1·f⁽ᵏ⁾, at all of x.
template <class F, class S>
std::vector<S> derivative(const std::vector<S>& x, int order) {
  constexpr int type = sizeof(S) == 4 ? 0 : 1;
  const cpu::UnaryLoops& loops = cpu::unary_loops<F>();
  std::vector<S> out(x.size(), 0);
  const std::vector<S> one(x.size(), 1);
  const F functor{};
  const void* in[] = {order == 0 ? x.data() : one.data(), x.data()};
  if (auto loop = loops.by_input[type][order]) loop(static_cast<int64_t>(x.size()), out.data(), in, &functor);
  return out;
}

// As training computes it.
template <class F>
std::vector<float> trained(const std::vector<float>& x, int order) {
  const cpu::UnaryLoops& loops = cpu::unary_loops<F>();
  if (order != 1 || !loops.has_output_derivative) return derivative<F, float>(x, order);
  std::vector<float> out(x.size(), 0);
  const std::vector<float> y = derivative<F, float>(x, 0), one(x.size(), 1);
  const F functor{};
  const void* in[] = {one.data(), y.data()};
  if (auto loop = loops.by_output[0][0]) loop(static_cast<int64_t>(x.size()), out.data(), in, &functor);
  return out;
}

template <class F>
void measure(std::vector<Accuracy>& all) {
  const cpu::UnaryLoops& loops = cpu::unary_loops<F>();
  const std::vector<float> x = points();
  const std::vector<double> wide(x.begin(), x.end());
  Accuracy a{.name = F::name};
  const std::vector<double> f = derivative<F, double>(wide, 0);
  std::vector<double> value = f;
  for (int k = 0; k < kAccuracyOrders; ++k) {
    const std::vector<double> next = derivative<F, double>(wide, k + 1);
    if (!loops.input_facts[k].vanishes) {
      const std::vector<float> got = trained<F>(x, k);
      Largest largest;
      for (size_t i = 0; i < x.size(); ++i) {
        if (std::isnan(f[i])) continue;
        const double h = std::max(std::fabs(wide[i]), k == 0 ? 0.0 : 0.125);
        largest.take(got[i], value[i], std::max(std::fabs(value[i]), std::fabs(h * next[i])), i);
      }
      a.worst[k] = largest.error;
      a.at[k] = x[largest.at];
    }
    value = next;
  }
  all.push_back(a);
}

// f, or 1·∂ⁱ⁺ʲf/∂aⁱ∂bʲ, at all pairs.
template <class F, class S>
std::vector<S> partial(const std::vector<S>& a, const std::vector<S>& b, int i, int j) {
  std::vector<S> out(a.size(), 0);
  const std::vector<S> one(a.size(), 1);
  const F functor{};
  const void* in[] = {one.data(), a.data(), b.data()};
  if (auto loop = cpu::binary_loops<F>().partial[sizeof(S) == 4 ? 0 : 1][i][j]) {
    loop(static_cast<int64_t>(a.size()), out.data(), i + j == 0 ? in + 1 : in, &functor);
  }
  return out;
}

template <class F>
void measure(std::vector<PairAccuracy>& all) {
  constexpr int kPartials[3][2] = {{0, 0}, {1, 0}, {0, 1}};
  const std::vector<float> a = points();
  std::vector<float> b(a.size());
  for (size_t n = 0; n < a.size(); ++n) b[n] = a[n * 7919 % a.size()];
  const std::vector<double> wide_a(a.begin(), a.end()), wide_b(b.begin(), b.end());
  PairAccuracy result{.name = F::name};
  for (int k = 0; k < 3; ++k) {
    const auto [i, j] = kPartials[k];
    if (cpu::binary_loops<F>().facts[i][j].vanishes) continue;
    const std::vector<float> got = partial<F>(a, b, i, j);
    const std::vector<double> value = partial<F>(wide_a, wide_b, i, j), by_a = partial<F>(wide_a, wide_b, i + 1, j),
                              by_b = partial<F>(wide_a, wide_b, i, j + 1);
    Largest largest;
    for (size_t n = 0; n < a.size(); ++n) {
      if (std::isnan(value[n])) continue;
      const double change = std::max(std::fabs(wide_a[n] * by_a[n]), std::fabs(wide_b[n] * by_b[n]));
      largest.take(got[n], value[n], std::max(std::fabs(value[n]), change), n);
    }
    result.worst[k] = largest.error;
    result.at[k][0] = a[largest.at];
    result.at[k][1] = b[largest.at];
  }
  all.push_back(result);
}

}  // namespace

std::vector<Accuracy> measure_accuracy() {
  std::vector<Accuracy> all;
  for_functors([&]<class F>() {
    if constexpr (UnaryFunctor<F>) measure<F>(all);
  });
  return all;
}

std::vector<PairAccuracy> measure_pair_accuracy() {
  std::vector<PairAccuracy> all;
  for_functors([&]<class F>() {
    if constexpr (BinaryFunctor<F>) measure<F>(all);
  });
  return all;
}

namespace {

template <class... Arguments>
std::string format(const char* pattern, Arguments... arguments) {
  char text[160];
  std::snprintf(text, sizeof text, pattern, arguments...);
  return text;
}

std::string line(const std::string& name, std::span<const double> worst) {
  std::string out = format("  %-16s", name.c_str());
  for (double w : worst) out += w < 0 ? format("%10s", "-") : format("%10.1f", w);
  return out + "\n";
}

}  // namespace

std::string to_table(const std::vector<Accuracy>& all, const std::vector<PairAccuracy>& pairs) {
  std::string out =
      "Largest errors in float32 at 24,001 numbers from 2^-20 to 2^12 of either sign, against float64, in units of\n"
      "2^-24 of max(|f(x)|, |x f'(x)|), of the derivatives likewise (tools/accuracy.h); -: the derivative is 0.\n"
      "First derivatives of sigmoid, tanh, elu and their like come from the output, which is all but constant in\n"
      "the tails: there they are exact to 2^-24, not to 2^-24 of themselves.\n\n";
  out += format("  %-16s%10s%10s%10s%10s\n", "", "f", "f'", "f''", "f'''");
  for (const Accuracy& a : all) out += line(a.name, a.worst);
  out +=
      "\nOf two arguments, at as many pairs, in units of 2^-24 of max(|g|, |a dg/da|, |b dg/db|), g being f or a "
      "first\n"
      "derivative:\n\n";
  out += format("  %-16s%10s%10s%10s\n", "", "f", "df/da", "df/db");
  for (const PairAccuracy& a : pairs) out += line(a.name, a.worst);
  return out;
}

}  // namespace gg::tools
