#include "ops/elementwise_apply.h"

#include <optional>

#include "autograd/apply.h"
#include "ops/creation.h"
#include "ops/curvature.h"
#include "ops/elementwise.h"
#include "ops/elementwise_run.h"
#include "ops/on_host.h"
#include "ops/shape.h"
#include "ops/tangent.h"

namespace gg::detail {
namespace {

int type_index(const Tensor& t) { return t.dtype() == f32 ? 0 : 1; }

[[noreturn]] void too_deep(const char* name) {
  fail(name, ": derivatives above order ", cpu::kMaxOrder, " are not supported");
}

// Devices have kernels up to kDeviceOrders; of higher orders the numbers go to the CPU and back.
bool only_on_cpu(int order, const Tensor& t) { return order > kDeviceOrders && !t.device().is_cpu(); }

Tensor host_copy(const Tensor& t) { return t.defined() ? on_host(t) : t; }

std::string primes(const char* name, int order) {
  return order <= 3 ? name + std::string(static_cast<size_t>(order), '\'') : str(name, "^(", order, ")");
}

// What a derivative reads decides how the result lies, not the gradient that came down: a convolution or a norm before
// reads the same tensor beside it, and should find both in one order.
constexpr int kLikeWhatIsRead = 1;

// ---- unary ----------------------------------------------------------------------------------------------------------

// g·f⁽ᵒʳᵈᵉʳ⁾(x), or with `by_output` g·df⁽ᵒʳᵈᵉʳ⁾(y). The second input is undefined where it is not read.
struct UnaryDerivative {
  UnaryFamily family;
  int order;
  bool by_output;
  const char* name = family.name;

  Partial facts(int k) const { return by_output ? family.kernels->output_facts[k] : family.kernels->input_facts[k]; }
  bool vanishes(int k) const {
    if (k > (by_output ? cpu::kMaxOrder - 1 : cpu::kMaxOrder)) too_deep(name);
    return facts(k).vanishes;
  }
  unsigned saves() const { return save_input(0) | save_input(1); }
  std::string label() const { return primes(name, order + (by_output ? 1 : 0)); }

  Tensor forward(const Tensor& g, const Tensor& x) const {
    if (only_on_cpu(order + (by_output ? 1 : 0), g)) {
      return raw::to_device(forward(host_copy(g), host_copy(x)), g.device());
    }
    const ElementwiseKernel& kernel =
        by_output ? family.kernels->by_output[type_index(g)][order] : family.kernels->by_input[type_index(g)][order];
    const Tensor& read = x.defined() ? x : g;  // what is not read may as well be g
    return run_elementwise(name, kernel, family.functor, g.dtype(), {&g, &read}, kLikeWhatIsRead);
  }
  Tensor at(int k, const Tensor& g, const Tensor& x) const;
  Tensors vjp(const Vjp& c) const {
    Tensor x = c.input(1);
    Tensors grads(2);
    if (c.needs(0)) grads[0] = at(order, c.grad(), x);
    if (x.defined() && c.needs(1) && !vanishes(order + 1)) grads[1] = at(order + 1, c.grad() * c.input(0), x);
    return grads;
  }
  Tensor jvp(const Jvp& c) const {
    int rank = c.output().rank();
    Tensor x = c.input(1), sum;
    if (c.has(0)) sum = at(order, aligned_tangent(c, 0, rank), x);
    if (c.has(1) && !vanishes(order + 1)) {
      sum = add_tangents(sum, at(order + 1, aligned_tangent(c, 1, rank) * c.input(0), x));
    }
    return sum;
  }
  Tensor curvature(const Jvp& c) const {
    if (!c.has(1) || vanishes(order + 1)) return {};
    int rank = c.output().rank();
    Tensor x = c.input(1), dx = aligned_tangent(c, 1, rank), sum;
    if (c.has(0)) sum = at(order + 1, 2 * sum_products(aligned_tangent(c, 0, rank), dx), x);
    if (!vanishes(order + 2)) sum = add_tangents(sum, at(order + 2, sum_products(dx, dx) * c.input(0), x));
    return in_shape_of_output(c, sum);
  }
};

Tensor UnaryDerivative::at(int k, const Tensor& g, const Tensor& x) const {
  return apply(UnaryDerivative{family, k, by_output}, g, facts(k).reads ? x : Tensor());
}

struct Unary {
  UnaryFamily family;
  const char* name = family.name;

  bool by_output() const { return family.kernels->has_output_derivative; }
  Partial first() const { return by_output() ? family.kernels->output_facts[0] : family.kernels->input_facts[1]; }
  unsigned saves() const {
    if (first().vanishes || !first().reads) return kSaveNothing;
    return by_output() ? kSaveOutput : save_input(0);
  }
  Tensor forward(const Tensor& x) const {
    return run_elementwise(name, family.kernels->by_input[type_index(x)][0], family.functor, x.dtype(), {&x});
  }
  Tensor derivative(const Tensor& g, const Tensor& at) const {
    return apply(UnaryDerivative{family, by_output() ? 0 : 1, by_output()}, g, at);
  }
  Tensors vjp(const Vjp& c) const {
    if (first().vanishes) return {};
    if (!first().reads) return {derivative(c.grad(), {})};
    return {derivative(c.grad(), by_output() ? c.output() : c.input(0))};
  }
  // What the first derivative reads.
  Tensor place(const Jvp& c) const { return !first().reads ? Tensor() : by_output() ? c.output() : c.input(0); }
  // Of a tangent in the shared form only the scale changes.
  std::optional<Tensor> carried_scale(const Jvp& c) const {
    if (first().vanishes) return Tensor();
    const Tensor scale = c.scale().defined() ? c.scale() : full({}, 1, c.output().options());
    return expand(derivative(scale, place(c)), c.output().shape());
  }
  Tensor jvp(const Jvp& c) const {
    if (first().vanishes) return {};
    if (c.shared()) return c.tangent(0);
    return derivative(c.tangent(0), place(c));
  }
  Tensor curvature(const Jvp& c) const {
    // d(df(y))·ẋ = df'(y)·df(y)·ẋ, and so the product with ẋ again.
    const UnaryDerivative second{family, by_output() ? 1 : 2, by_output()};
    if (second.vanishes(second.order)) return {};
    const Tensor at = by_output() ? c.output() : c.input(0);
    Tensor squares = sum_products(c.tangent(0), c.tangent(0));
    if (c.scale().defined()) squares = squares * square(c.scale());
    return in_shape_of_output(c, second.at(second.order, by_output() ? derivative(squares, at) : squares, at));
  }
};

// ---- binary ---------------------------------------------------------------------------------------------------------

struct BinaryDerivative {
  BinaryFamily family;
  int i, j;
  const char* name = family.name;

  Partial facts(int p, int q) const {
    if (p + q > cpu::kMaxOrder) too_deep(name);
    return family.kernels->facts[p][q];
  }
  unsigned saves() const { return save_input(0) | save_input(1) | save_input(2); }
  std::string label() const {
    return str(name, "_", std::string(static_cast<size_t>(i), 'a'), std::string(static_cast<size_t>(j), 'b'));
  }

  Tensor forward(const Tensor& g, const Tensor& a, const Tensor& b) const {
    if (only_on_cpu(i + j, g)) return raw::to_device(forward(host_copy(g), host_copy(a), host_copy(b)), g.device());
    return run_elementwise(name, family.kernels->partial[type_index(g)][i][j], family.functor, g.dtype(),
                           {&g, a.defined() ? &a : &g, b.defined() ? &b : &g},
                           j > 0 && b.defined() ? 2 : kLikeWhatIsRead);
  }
  Tensor at(int p, int q, const Tensor& g, const Tensor& a, const Tensor& b) const {
    unsigned char reads = facts(p, q).reads;
    return apply(BinaryDerivative{family, p, q}, g, reads & 1 ? a : Tensor(), reads & 2 ? b : Tensor());
  }
  Tensors vjp(const Vjp& c) const {
    Tensor a = c.input(1), b = c.input(2);
    Tensors grads(3);
    if (c.needs(0)) grads[0] = at(i, j, c.grad(), a, b);
    if (a.defined() && c.needs(1) && !facts(i + 1, j).vanishes) grads[1] = at(i + 1, j, c.grad() * c.input(0), a, b);
    if (b.defined() && c.needs(2) && !facts(i, j + 1).vanishes) grads[2] = at(i, j + 1, c.grad() * c.input(0), a, b);
    return grads;
  }
  Tensor jvp(const Jvp& c) const {
    int rank = c.output().rank();
    Tensor a = c.input(1), b = c.input(2), sum;
    if (c.has(0)) sum = at(i, j, aligned_tangent(c, 0, rank), a, b);
    if (c.has(1) && !facts(i + 1, j).vanishes) {
      sum = add_tangents(sum, at(i + 1, j, aligned_tangent(c, 1, rank) * c.input(0), a, b));
    }
    if (c.has(2) && !facts(i, j + 1).vanishes) {
      sum = add_tangents(sum, at(i, j + 1, aligned_tangent(c, 2, rank) * c.input(0), a, b));
    }
    return sum;
  }
  // Each pair of varying inputs twice, the squares of a and b once; g enters linearly.
  Tensor curvature(const Jvp& c) const {
    int rank = c.output().rank();
    Tensor g = c.input(0), a = c.input(1), b = c.input(2), moved[3], sum;
    for (int k = 0; k < 3; ++k) moved[k] = c.has(k) ? aligned_tangent(c, k, rank) : Tensor();
    auto term = [&](int p, int q, int k, int l) {
      if (!c.has(k) || !c.has(l) || facts(p, q).vanishes) return;
      Tensor products = sum_products(moved[k], moved[l]);
      if (k != l) products = 2 * products;
      sum = add_tangents(sum, at(p, q, k > 0 ? products * g : products, a, b));
    };
    term(i + 1, j, 0, 1);
    term(i, j + 1, 0, 2);
    term(i + 2, j, 1, 1);
    term(i + 1, j + 1, 1, 2);
    term(i, j + 2, 2, 2);
    return in_shape_of_output(c, sum);
  }
};

struct Binary {
  BinaryFamily family;
  const char* name = family.name;

  unsigned saves() const {
    unsigned char reads = 0;
    for (Partial p : {family.kernels->facts[1][0], family.kernels->facts[0][1]}) {
      if (!p.vanishes) reads |= p.reads;
    }
    return reads;  // bit i: input i, as save_input has it
  }
  Tensor forward(const Tensor& a, const Tensor& b) const {
    return run_elementwise(name, family.kernels->partial[type_index(a)][0][0], family.functor, a.dtype(), {&a, &b});
  }
  Tensor at(int p, int q, const Tensor& g, const Tensor& a, const Tensor& b) const {
    Partial facts = family.kernels->facts[p][q];
    if (facts.vanishes) return {};
    return apply(BinaryDerivative{family, p, q}, g, facts.reads & 1 ? a : Tensor(), facts.reads & 2 ? b : Tensor());
  }
  Tensors vjp(const Vjp& c) const {
    unsigned saved = saves();
    Tensor a = saved & 1 ? c.input(0) : Tensor(), b = saved & 2 ? c.input(1) : Tensor();
    return {c.needs(0) ? at(1, 0, c.grad(), a, b) : Tensor(), c.needs(1) ? at(0, 1, c.grad(), a, b) : Tensor()};
  }
  Tensor jvp(const Jvp& c) const {
    int rank = c.output().rank();
    // An input that a partial derivative does not read is not there to broadcast it.
    auto term = [&](int p, int q, int input) {
      Tensor t = c.has(input) ? at(p, q, aligned_tangent(c, input, rank), c.input(0), c.input(1)) : Tensor();
      return t.defined() ? expand(t, with_directions(c, c.output().shape())) : t;
    };
    return add_tangents(term(1, 0, 0), term(0, 1, 1));
  }
  Tensor curvature(const Jvp& c) const {
    int rank = c.output().rank();
    Tensor sum;
    auto term = [&](int p, int q, int k, int l) {
      if (!c.has(k) || !c.has(l) || family.kernels->facts[p][q].vanishes) return;
      Tensor products = sum_products(aligned_tangent(c, k, rank), aligned_tangent(c, l, rank));
      sum =
          add_tangents(sum, in_shape_of_output(c, at(p, q, k == l ? products : 2 * products, c.input(0), c.input(1))));
    };
    term(2, 0, 0, 0);
    term(1, 1, 0, 1);
    term(0, 2, 1, 1);
    return sum;
  }
};

}  // namespace

Tensor apply_unary(const UnaryFamily& family, const Tensor& x) {
  check_floating(family.name, x);
  return apply(Unary{family}, x);
}

Tensor apply_binary(const BinaryFamily& family, const Tensor& a, const Tensor& b) {
  check_floating(family.name, a);
  check_same(family.name, a, b);
  return apply(Binary{family}, a, b);
}

}  // namespace gg::detail
