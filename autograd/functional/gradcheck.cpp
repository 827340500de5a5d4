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

  // Everything of a function; `check` alone serves its gradients. What is exact comes before higher differences.
  void check_all(const FunctionN& f, const std::vector<Tensor>& inputs) {
    check(f, inputs, 1, "gradcheck");
    GradModeGuard on(true);
    if (options_.symmetry && options_.order > 1 && result.ok) symmetry_test(f, inputs);
    if (options_.forward && result.ok) forward_orders(f, fresh(inputs, {}, 0), inputs);
    if (options_.order > 1 && result.ok) check(f, inputs, options_.order, "gradcheck", true);
  }

  void check(const FunctionN& f, std::vector<Tensor> inputs, int order, const std::string& what,
             bool higher_only = false) {
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
    if (!y.requires_grad() && higher_only) return;
    if (!y.requires_grad()) return expect_constant(f, inputs, checked, u, what);

    if (higher_only) return next_order(f, inputs, checked, u, order, what);
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

  // |a − b| ≤ tolerance, or the first complaint.
  void expect_within(double a, double b, double tolerance, DerivativeCheck which, const std::string& what,
                     const char* name_of_a, const char* name_of_b) {
    double error = std::abs(a - b) / tolerance;
    if (std::isnan(error)) error = a == b ? 0 : INFINITY;
    result.worst = std::max(result.worst, error);
    if (error > 1 && result.ok) {
      result.ok = false;
      result.failed = which;
      result.message = str(what, ": ", name_of_a, " ", a, ", ", name_of_b, " ", b, " (tolerance ", tolerance, ")");
    }
  }

  void expect(double analytic, double numeric, double scale, const std::string& what,
              DerivativeCheck which = DerivativeCheck::reverse) {
    expect_within(analytic, numeric, options_.atol + options_.rtol * scale, which, what, "analytic", "numeric");
  }

  // The central difference of fn at 0. Richardson: the error falls from h² to h⁴, which lets the step be larger than
  // rounding.
  template <class Fn>
  double difference(const Fn& fn) {
    const double h = options_.step;
    const double wide = (fn(2 * h) - fn(-2 * h)) / (4 * h), narrow = (fn(h) - fn(-h)) / (2 * h);
    return (4 * narrow - wide) / 3;
  }

  // The inputs, those that are checked as new leaves, moved by t along the directions.
  std::vector<Tensor> fresh(const std::vector<Tensor>& inputs, const std::vector<Tensor>& directions, double t) {
    std::vector<Tensor> moved;
    for (size_t i = 0; i < inputs.size(); ++i) {
      Tensor x = inputs[i].detach();
      if (!directions.empty() && directions[i].defined()) x = (x + directions[i] * t).detach();
      if (inputs[i].requires_grad()) x.requires_grad_();
      moved.push_back(x);
    }
    return moved;
  }

  // One random direction for each input that is checked.
  std::vector<Tensor> directions_of(const std::vector<Tensor>& inputs) {
    std::vector<Tensor> d(inputs.size());
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (inputs[i].requires_grad()) d[i] = randn(inputs[i].shape(), {f64}, random_);
    }
    return d;
  }

  // Forward mode inside forward mode: each order against differences of the one before.
  void forward_orders(const FunctionN& f, const std::vector<Tensor>& at, const std::vector<Tensor>& inputs) {
    std::vector<Tensor> d = directions_of(inputs);
    for (Tensor& t : d) {  // as long as a coordinate
      if (t.defined() && t.numel() > 0) t = t / std::sqrt(dot(t, t));
    }
    const Tensor u = randn(f(at).shape(), {f64}, random_);
    FunctionN g = [&f, u](std::span<const Tensor> in) { return sum(f(in) * u); };
    for (int order = 1; order <= options_.order && result.ok; ++order) {
      auto moved = [&](double t) { return g(fresh(inputs, d, t)).item(); };
      const double numeric = difference(moved), size = std::abs(moved(0));
      FunctionN next = [g, d](std::span<const Tensor> in) { return jvp(g, in, d).product; };
      const double analytic = next(at).item();
      expect(analytic, numeric, std::max({std::abs(analytic), std::abs(numeric), size}),
             str("gradcheck: forward mode of order ", order), DerivativeCheck::forward);
      g = next;
    }
  }

  void symmetry_test(const FunctionN& f, const std::vector<Tensor>& inputs) {
    const std::vector<Tensor> v = directions_of(inputs), w = directions_of(inputs), at = fresh(inputs, {}, 0);
    const Tensor u = randn(f(at).shape(), {f64}, random_);
    auto scalar = [&](std::span<const Tensor> in) { return sum(f(in) * u); };
    auto form = [&](const std::vector<Tensor>& a, const std::vector<Tensor>& b, double& scale) {
      const std::vector<Tensor> products = hvp(scalar, at, a).products;
      double s = 0;
      for (size_t i = 0; i < b.size(); ++i) {
        if (!b[i].defined()) continue;
        s += dot(products[i], b[i]);
        scale += dot(abs(products[i].detach()), abs(b[i]));
      }
      return s;
    };
    double scale = 0;
    const double one = form(v, w, scale), other = form(w, v, scale);
    expect_within(one, other, options_.exact * (scale + 1), DerivativeCheck::symmetry, "gradcheck: symmetry",
                  "<w, H v> is", "<v, H w> is");
  }

  void compare(const FunctionN& f, const std::vector<Tensor>& inputs, size_t i, const Tensor& u, const Tensor& gradient,
               const std::string& what) {
    const Tensor& x = inputs[i];
    auto numeric = [&](const Tensor& d) { return difference([&](double t) { return along(f, inputs, i, d, t, u); }); };
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
    // As exact as rounding allows: no differences are involved.
    expect_within(dot(u, product), expected, options_.exact * scale + 1e-12, DerivativeCheck::transpose, what,
                  "forward mode gives", "reverse mode");
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
  checker.check_all(f, {inputs.begin(), inputs.end()});
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
