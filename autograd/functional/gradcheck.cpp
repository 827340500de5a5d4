#include "autograd/functional/gradcheck.h"

#include <cmath>

#include "autograd/autograd.h"
#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/reduce.h"

namespace gg {
namespace {

double dot(const Tensor& a, const Tensor& b) {
  NoGrad off;
  std::vector<double> x = a.detach().to_vector<double>(), y = b.detach().to_vector<double>();
  double s = 0;
  for (size_t i = 0; i < x.size(); ++i) s += x[i] * y[i];
  return s;
}

// One level of the check; order 2 calls it again on the gradient as a function of inputs and cotangent.
class Checker {
 public:
  Checker(const GradcheckOptions& options) : options_(options), random_(options.seed + 0x9e3779b9) {}

  void check(const FunctionN& f, std::vector<Tensor> inputs, int order, const std::string& what) {
    GradModeGuard on(true);
    std::vector<size_t> checked;
    for (size_t i = 0; i < inputs.size(); ++i) {
      bool wanted = inputs[i].requires_grad();
      GG_CHECK(!wanted || (inputs[i].dtype() == f64 && inputs[i].device().is_cpu()),
               "gradcheck: inputs must be float64 on the CPU, input ", i, " is ", name_of(inputs[i].dtype()), " on ",
               inputs[i].device());
      inputs[i] = inputs[i].detach();
      if (wanted) {
        inputs[i].requires_grad_();
        checked.push_back(i);
      }
    }
    GG_CHECK(!checked.empty(), "gradcheck: no input requires grad");
    Tensor y = f(inputs);
    GG_CHECK(y.dtype() == f64, "gradcheck: the output must be float64, got ", name_of(y.dtype()));
    Tensor u = randn(y.shape(), {f64}, random_);
    if (!y.requires_grad()) return expect_constant(f, inputs, checked, u, what);

    std::vector<Tensor> wanted;
    for (size_t i : checked) wanted.push_back(inputs[i]);
    std::vector<Tensor> gradients = grad(y, wanted, {.grad_outputs = {u}});
    for (size_t k = 0; k < checked.size() && result.ok; ++k) {
      compare(f, inputs, checked[k], u, gradients[k], what + " input " + std::to_string(checked[k]));
    }
    if (options_.forward && result.ok) transpose_test(f, inputs, checked, u, gradients, what);
    if (order > 1 && result.ok) next_order(f, inputs, checked, u, order, what);
  }

  GradcheckResult result;

 private:
  // ⟨u, f(inputs with input i moved along d by t)⟩
  double along(const FunctionN& f, std::vector<Tensor> inputs, size_t i, const Tensor& d, double t, const Tensor& u) {
    inputs[i] = inputs[i].detach() + d * t;
    for (Tensor& x : inputs) x = x.detach();
    GradModeGuard on(true);  // f may itself take gradients
    for (Tensor& x : inputs) {
      if (is_floating(x.dtype())) x.requires_grad_();
    }
    return dot(f(inputs), u);
  }

  void expect(double analytic, double numeric, double scale, const std::string& what) {
    double tolerance = options_.atol + options_.rtol * scale;
    double error = std::abs(analytic - numeric) / tolerance;
    if (std::isnan(error)) error = INFINITY;
    result.worst = std::max(result.worst, error);
    if (error > 1 && result.ok) {
      result.ok = false;
      result.message = str(what, ": analytic ", analytic, ", numeric ", numeric, " (tolerance ", tolerance, ")");
    }
  }

  void compare(const FunctionN& f, const std::vector<Tensor>& inputs, size_t i, const Tensor& u, const Tensor& gradient,
               const std::string& what) {
    const Tensor& x = inputs[i];
    auto numeric = [&](const Tensor& d) {
      double h = options_.step;
      // Richardson: the error of central differences falls from h² to h⁴, which lets the step be larger than rounding.
      double wide = (along(f, inputs, i, d, 2 * h, u) - along(f, inputs, i, d, -2 * h, u)) / (4 * h);
      double narrow = (along(f, inputs, i, d, h, u) - along(f, inputs, i, d, -h, u)) / (2 * h);
      return (4 * narrow - wide) / 3;
    };
    if (x.numel() <= options_.full_up_to) {
      std::vector<double> analytic = gradient.detach().to_vector<double>();
      for (int64_t e = 0; e < x.numel() && result.ok; ++e) {
        std::vector<double> one(static_cast<size_t>(x.numel()), 0.0);
        one[static_cast<size_t>(e)] = 1;
        double n = numeric(from_vector(one, x.shape()));
        expect(analytic[static_cast<size_t>(e)], n, std::max(std::abs(n), std::abs(analytic[static_cast<size_t>(e)])),
               what + " element " + std::to_string(e));
      }
      return;
    }
    for (int k = 0; k < options_.directions && result.ok; ++k) {
      Tensor d = randn(x.shape(), {f64}, random_);
      double n = numeric(d);
      expect(dot(gradient, d), n, std::max(std::abs(n), std::sqrt(dot(gradient, gradient))),
             what + " direction " + std::to_string(k));
    }
  }

  void expect_constant(const FunctionN& f, const std::vector<Tensor>& inputs, const std::vector<size_t>& checked,
                       const Tensor& u, const std::string& what) {
    for (size_t i : checked) {
      compare(f, inputs, i, u, zeros(inputs[i].shape(), {f64}), what + " (no history) input " + std::to_string(i));
    }
  }

  void transpose_test(const FunctionN& f, const std::vector<Tensor>& inputs, const std::vector<size_t>& checked,
                      const Tensor& u, const std::vector<Tensor>& gradients, const std::string& what) {
    std::vector<Tensor> directions(inputs.size());
    double expected = 0, scale = 0;
    for (size_t k = 0; k < checked.size(); ++k) {
      Tensor d = randn(inputs[checked[k]].shape(), {f64}, random_);
      directions[checked[k]] = d;
      expected += dot(gradients[k], d);
      scale += std::abs(dot(abs(gradients[k].detach()), abs(d)));
    }
    Tensor product = jvp(f, inputs, directions).product;
    double actual = dot(u, product);
    double tolerance = 1e-10 * scale + 1e-12;
    if (!(std::abs(actual - expected) <= tolerance)) {
      result.ok = false;
      result.message = str(what, ": forward mode gives ", actual, ", reverse mode ", expected);
    }
  }

  void next_order(const FunctionN& f, const std::vector<Tensor>& inputs, const std::vector<size_t>& checked,
                  const Tensor& u, int order, const std::string& what) {
    // The gradient with respect to each checked input, as a function of all inputs and the cotangent.
    for (size_t k = 0; k < checked.size() && result.ok; ++k) {
      size_t target = checked[k];
      FunctionN derivative = [&f, target](std::span<const Tensor> all) {
        std::vector<Tensor> in(all.begin(), all.end() - 1);
        GradModeGuard on(true);
        if (!in[target].requires_grad()) in[target] = in[target].detach().requires_grad_();
        Tensor y = f(in);
        if (!y.requires_grad()) return zeros(in[target].shape(), {f64});
        return grad(y, in[target], {.grad_outputs = {all.back()}, .create_graph = true});
      };
      std::vector<Tensor> more(inputs);
      more.push_back(u.detach().requires_grad_());
      check(derivative, more, order - 1, what + " d/d" + std::to_string(target));
    }
  }

  const GradcheckOptions options_;
  Generator random_;
};

}  // namespace

GradcheckResult gradcheck(const FunctionN& f, std::span<const Tensor> inputs, const GradcheckOptions& options) {
  Checker checker(options);
  checker.check(f, {inputs.begin(), inputs.end()}, options.order, "gradcheck");
  return checker.result;
}

GradcheckResult gradcheck(const Function& f, const Tensor& input, const GradcheckOptions& options) {
  return gradcheck([&f](std::span<const Tensor> in) { return f(in[0]); }, std::span(&input, 1), options);
}

GradcheckResult gradgradcheck(const FunctionN& f, std::span<const Tensor> inputs, GradcheckOptions options) {
  options.order = std::max(options.order, 2);
  return gradcheck(f, inputs, options);
}

GradcheckResult gradgradcheck(const Function& f, const Tensor& input, GradcheckOptions options) {
  options.order = std::max(options.order, 2);
  return gradcheck(f, input, options);
}

}  // namespace gg
