// Systems of equations, Cholesky's factor and determinants. The rules close over solve and solve_triangular.
#include <limits>

#include "autograd/apply.h"
#include "cpu/linalg.h"
#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/linalg.h"
#include "ops/matmul.h"
#include "ops/matrix.h"
#include "ops/on_host.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "ops/tangent.h"

namespace gg {

namespace detail {

void check_matrices(const char* op, const Tensor& a) {
  GG_CHECK(is_floating(a.dtype()) && a.rank() >= 2, op, ": expected floating matrices [..., m, n], got ",
           name_of(a.dtype()), " ", a.shape());
}

void check_square(const char* op, const Tensor& a) {
  check_matrices(op, a);
  GG_CHECK(a.size(-1) == a.size(-2), op, ": expected square matrices [..., n, n], got ", a.shape());
}

}  // namespace detail

namespace {

using detail::check_square;
using detail::host_matrices;
using detail::on_host;

// The lower triangle with half of the diagonal.
Tensor half_lower(const Tensor& x) {
  const Tensor whole = eye(x.size(-1), x.options());
  return tril(x) * (1 - 0.5 * whole);
}

Shape solution_shape(const Tensor& a, const Tensor& b, const char* op) {
  Shape shape = broadcast_shapes(detail::batch_of(a), detail::batch_of(b), op);
  shape.push_back(b.size(-2));
  shape.push_back(b.size(-1));
  return shape;
}

// a·x = b. ∂x = a⁻¹(∂b − ∂a·x), for the whole of `a` or one triangle of it.
template <class Op>
struct LinearSystem {
  static constexpr unsigned saves = kSaveInputs | kSaveOutput;
  const Op& self() const { return static_cast<const Op&>(*this); }

  template <class Kernel>
  Tensor on_cpu(const Tensor& a, const Tensor& b, const Kernel& kernel) const {
    const Shape shape = solution_shape(a, b, Op::name), batch = shape.part(0, shape.rank() - 2);
    const Tensor x = empty(shape, {a.dtype()}), ha = on_host(a), hb = on_host(b);
    kernel(x.array(), host_matrices(ha, batch, Op::name), host_matrices(hb, batch, Op::name));
    return raw::to_device(x, a.device());
  }
  Tensors vjp(const Vjp& c) const {
    const Tensor gb = apply(self().transposed(), transpose(c.input(0)), c.grad());
    return {c.needs(0) ? self().part(-matmul(gb, transpose(c.output()))) : Tensor(), c.needs(1) ? gb : Tensor()};
  }
  Tensor jvp(const Jvp& c) const {
    const int rank = c.output().rank();
    const Tensor db = c.has(1) ? aligned_tangent(c, 1, rank) : Tensor();
    if (!c.has(0)) return expand(apply(self(), c.input(0), db), with_directions(c, c.output().shape()));
    const Tensor moved = -matmul(self().part(aligned_tangent(c, 0, rank)), c.output());
    return apply(self(), c.input(0), add_tangents(db, moved));
  }
};

struct Solve : LinearSystem<Solve> {
  static constexpr const char* name = "solve";
  Tensor forward(const Tensor& a, const Tensor& b) const {
    return on_cpu(a, b, [](Array x, Array ha, Array hb) { GG_CPU_KERNEL(Device(Device::cpu), solve, x, ha, hb); });
  }
  Solve transposed() const { return {}; }
  static Tensor part(const Tensor& a) { return a; }
};

struct SolveTriangular : LinearSystem<SolveTriangular> {
  static constexpr const char* name = "solve_triangular";
  bool upper;
  explicit SolveTriangular(bool u) : upper(u) {}
  Tensor forward(const Tensor& a, const Tensor& b) const {
    return on_cpu(a, b, [this](Array x, Array ha, Array hb) {
      GG_CPU_KERNEL(Device(Device::cpu), solve_triangular, x, ha, hb, upper);
    });
  }
  SolveTriangular transposed() const { return SolveTriangular(!upper); }
  Tensor part(const Tensor& a) const { return upper ? triu(a) : tril(a); }
};

// Of symmetric matrices (Murray, arXiv:1602.07527, section 3.1).
struct Cholesky {
  static constexpr const char* name = "cholesky";
  static constexpr unsigned saves = kSaveOutput;
  Tensor forward(const Tensor& a) const {
    const Tensor l = empty(a.shape(), {a.dtype()}), ha = on_host(a);
    GG_CPU_KERNEL(Device(Device::cpu), cholesky, l.array(), ha.array());
    return raw::to_device(l, a.device());
  }
  // b·l⁻¹, as the transposed system.
  static Tensor divide(const Tensor& b, const Tensor& l) {
    return transpose(apply(SolveTriangular(true), transpose(l), transpose(b)));
  }
  Tensors vjp(const Vjp& c) const {
    const Tensor l = c.output(), p = half_lower(matmul(transpose(l), tril(c.grad())));
    return {divide(apply(SolveTriangular(true), transpose(l), p), l)};
  }
  Tensor jvp(const Jvp& c) const {
    const Tensor &l = c.output(), half = apply(SolveTriangular(false), l, c.tangent(0));
    return matmul(l, half_lower(transpose(apply(SolveTriangular(false), l, transpose(half)))));
  }
};

struct Determinant {
  Tensor sign, log_size, value;
};
Determinant determinants(const Tensor& a) {
  const Tensor ha = on_host(a);
  const Shape batch = detail::batch_of(a);
  const TensorOptions o{a.dtype()};
  const Tensor sign = empty(batch, o), log_size = empty(batch, o), value = empty(batch, o);
  GG_CPU_KERNEL(Device(Device::cpu), determinant, sign.array(), log_size.array(), value.array(), ha.array());
  return {raw::to_device(sign, a.device()), raw::to_device(log_size, a.device()), raw::to_device(value, a.device())};
}

Tensor as_matrices(const Tensor& x) { return unsqueeze(unsqueeze(x, -1), -1); }
Tensor trace_of_quotient(const Tensor& da, const Tensor& a) {  // tr(a⁻¹·da)
  return sum(transpose(inverse(a)) * da, {-2, -1});
}

struct Det {
  static constexpr const char* name = "det";
  static constexpr unsigned saves = kSaveInputs | kSaveOutput;
  Tensor forward(const Tensor& a) const { return determinants(a).value; }
  Tensors vjp(const Vjp& c) const { return {as_matrices(c.grad() * c.output()) * transpose(inverse(c.input(0)))}; }
  Tensor jvp(const Jvp& c) const { return c.output() * trace_of_quotient(c.tangent(0), c.input(0)); }
};

struct LogAbsDet {
  static constexpr const char* name = "slogdet";
  static constexpr unsigned saves = kSaveInputs;
  Tensor value;  // of the forward pass
  Tensor forward(const Tensor&) const { return value.with_layout(value.layout()); }
  Tensors vjp(const Vjp& c) const { return {as_matrices(c.grad()) * transpose(inverse(c.input(0)))}; }
  Tensor jvp(const Jvp& c) const { return trace_of_quotient(c.tangent(0), c.input(0)); }
};

void check_system(const char* op, const Tensor& a, const Tensor& b) {
  check_square(op, a);
  detail::check_matrices(op, b);
  GG_CHECK(a.dtype() == b.dtype(), op, ": types differ: ", name_of(a.dtype()), " and ", name_of(b.dtype()));
  GG_CHECK(a.device() == b.device(), op, ": tensors are on ", a.device(), " and ", b.device());
  GG_CHECK(a.size(-1) == b.size(-2), op, ": matrices ", a.shape(), " need right-hand sides of ", a.size(-1),
           " rows, got ", b.shape());
}

}  // namespace

Tensor solve(const Tensor& a, const Tensor& b) {
  if (b.rank() == 1) return squeeze(solve(a, unsqueeze(b, 1)), -1);
  check_system("solve", a, b);
  return apply(Solve{}, a, b);
}

Tensor solve_triangular(const Tensor& a, const Tensor& b, const TriangularOptions& o) {
  if (b.rank() == 1) return squeeze(solve_triangular(a, unsqueeze(b, 1), o), -1);
  check_system("solve_triangular", a, b);
  return apply(SolveTriangular(o.upper), a, b);
}

Tensor inverse(const Tensor& a) {
  check_square("inverse", a);
  return apply(Solve{}, a, eye(a.size(-1), a.options()));
}

Tensor cholesky(const Tensor& a) {
  check_square("cholesky", a);
  return apply(Cholesky{}, 0.5 * (a + transpose(a)));
}

Tensor cholesky_solve(const Tensor& b, const Tensor& l) {
  check_system("cholesky_solve", l, b);
  return apply(SolveTriangular(true), transpose(l), apply(SolveTriangular(false), l, b));
}

Tensor det(const Tensor& a) {
  check_square("det", a);
  return apply(Det{}, a);
}

SignedLog slogdet(const Tensor& a) {
  check_square("slogdet", a);
  const Determinant d = determinants(a);
  return {d.sign, apply(LogAbsDet{d.log_size}, a)};
}

Tensor logdet(const Tensor& a) {
  check_square("logdet", a);
  const SignedLog d = slogdet(a);
  const TensorOptions o = a.options();
  return where(lt(d.sign, zeros({}, o)), full({}, std::numeric_limits<double>::quiet_NaN(), o), d.logabsdet);
}

}  // namespace gg
