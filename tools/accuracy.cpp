#include "tools/accuracy.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include "cpu/elementwise_loops.h"
#include "ops/functors/activations.h"
#include "ops/functors/arithmetic.h"
#include "ops/functors/exponential.h"
#include "ops/functors/gamma.h"
#include "ops/functors/hyperbolic.h"
#include "ops/functors/powers.h"
#include "ops/functors/special.h"

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
      a.worst[k] = 0;
      for (size_t i = 0; i < x.size(); ++i) {
        const double h = std::max(std::fabs(wide[i]), k == 0 ? 0.0 : 0.125);
        const double size = std::max(std::fabs(value[i]), std::fabs(h * next[i]));
        // What float32 has no number for, or only one with fewer digits.
        if (std::isnan(f[i]) || !(size < std::numeric_limits<float>::max()) || size < std::numeric_limits<float>::min())
          continue;
        const double error = std::fabs(got[i] - value[i]) / size / kUnit;
        if (!(error <= a.worst[k])) a.worst[k] = error, a.at[k] = x[i];
      }
    }
    value = next;
  }
  all.push_back(a);
}

template <class... F>
void measure_list(std::vector<Accuracy>& all, OpList<F...>) {
  auto one = [&]<class G>() {
    if constexpr (UnaryFunctor<G>) measure<G>(all);
  };
  (one.template operator()<F>(), ...);
}

}  // namespace

std::vector<Accuracy> measure_accuracy() {
  std::vector<Accuracy> all;
  measure_list(all, ArithmeticOps());
  measure_list(all, ExponentialOps());
  measure_list(all, PowerOps());
  measure_list(all, SpecialOps());
  measure_list(all, HyperbolicOps());
  measure_list(all, GammaOps());
  measure_list(all, ActivationOps());
  return all;
}

std::string to_table(const std::vector<Accuracy>& all) {
  std::string out =
      "Largest errors in float32 at 24,001 numbers from 2^-20 to 2^12 of either sign, against float64, in units of\n"
      "2^-24 of max(|f(x)|, |x f'(x)|), of the derivatives likewise (tools/accuracy.h); -: the derivative is 0.\n"
      "First derivatives of sigmoid, tanh, elu and their like come from the output, which is all but constant in\n"
      "the tails: there they are exact to 2^-24, not to 2^-24 of themselves.\n\n";
  char line[160];
  std::snprintf(line, sizeof line, "  %-16s%10s%10s%10s%10s\n", "", "f", "f'", "f''", "f'''");
  out += line;
  for (const Accuracy& a : all) {
    std::snprintf(line, sizeof line, "  %-16s", a.name.c_str());
    out += line;
    for (double worst : a.worst) {
      if (worst < 0) {
        std::snprintf(line, sizeof line, "%10s", "-");
      } else {
        std::snprintf(line, sizeof line, "%10.1f", worst);
      }
      out += line;
    }
    out += '\n';
  }
  return out;
}

}  // namespace gg::tools
