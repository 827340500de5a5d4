// eigh and svd. LAPACK gives all results at once; an operation has one result. So each result is an operation of its
// own on the matrix, and carries the numbers of all: its rules need the other results as functions of the matrix, which
// are further such operations on the same numbers.
#include <algorithm>
#include <cmath>
#include <limits>

#include "autograd/apply.h"
#include "cpu/linalg.h"
#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/linalg.h"
#include "ops/matmul.h"
#include "ops/on_host.h"
#include "ops/reduce.h"
#include "ops/shape.h"

namespace gg {
namespace {

using detail::on_host;

// A handle of its own: what is recorded on it must not come back to the numbers.
Tensor fresh(const Tensor& t) { return t.with_layout(t.layout()); }

Tensor columns_times(const Tensor& m, const Tensor& v) { return m * unsqueeze(v, -2); }  // m·diag(v)
Tensor rows_times(const Tensor& v, const Tensor& m) { return unsqueeze(v, -1) * m; }     // diag(v)·m

// 1 / d off the diagonal and 0 on it.
Tensor reciprocal_off_diagonal(const Tensor& d) {
  const Tensor one = eye(d.size(-1), d.options());
  return (1 - one) / (d + one);
}

// Throws where two neighbours of sorted values [..., n] are equal to rounding, or where the smallest in size is 0.
void check_gaps(const char* op, const char* what, const Tensor& values_on_host, bool zero_too) {
  const auto n = static_cast<size_t>(values_on_host.size(-1));
  const std::vector<double> all = raw::contiguous(to(values_on_host, f64)).to_vector<double>();
  const double eps =
      values_on_host.dtype() == f32 ? std::numeric_limits<float>::epsilon() : std::numeric_limits<double>::epsilon();
  for (size_t first = 0; n > 0 && first < all.size(); first += n) {
    const double* v = all.data() + first;
    const double limit = static_cast<double>(n) * eps * std::max(std::abs(v[0]), std::abs(v[n - 1]));
    for (size_t i = 0; i + 1 < n; ++i) {
      GG_CHECK(std::abs(v[i + 1] - v[i]) > limit, op, ": ", what, "s ", i, " and ", i + 1, " are equal (", v[i],
               "), so their vectors have no derivative. Derivatives of the values alone exist");
    }
    GG_CHECK(!zero_too || std::abs(v[n - 1]) > limit, op, ": ", what, " ", n - 1,
             " is 0, so the vectors of a matrix that is not square have no derivative");
  }
}

// ---- eigh -----------------------------------------------------------------------------------------------------------

struct EighNumbers {
  Tensor values, vectors, values_on_host;
};

// ∂w = diag(vᵀ·∂a·v), ∂v = v(F∘(vᵀ·∂a·v)) with F[i, j] = 1/(w[j] − w[i]) (Magnus 1985).
struct EigenVectors;
struct EigenValues {
  static constexpr const char* name = "eigh";
  static constexpr unsigned saves = kSaveInputs;
  EighNumbers numbers;
  Tensor forward(const Tensor&) const { return fresh(numbers.values); }
  Tensor vectors(const Tensor& a) const;
  Tensors vjp(const Vjp& c) const {
    const Tensor v = vectors(c.input(0));
    return {matmul(columns_times(v, c.grad()), transpose(v))};
  }
  Tensor jvp(const Jvp& c) const {
    const Tensor v = vectors(c.input(0));
    return sum(v * matmul(c.tangent(0), v), -2);
  }
};

struct EigenVectors {
  static constexpr const char* name = "eigh";
  static constexpr unsigned saves = kSaveInputs;
  EighNumbers numbers;
  Tensor forward(const Tensor&) const { return fresh(numbers.vectors); }
  Tensor factors(const Tensor& a) const {
    check_gaps(name, "eigenvalue", numbers.values_on_host, false);
    const Tensor w = apply(EigenValues{numbers}, a);
    return reciprocal_off_diagonal(unsqueeze(w, -2) - unsqueeze(w, -1));
  }
  Tensors vjp(const Vjp& c) const {
    if (c.grad().is_symbolic_zero()) return {Tensor()};
    const Tensor a = c.input(0), v = apply(*this, a), t = transpose(v);
    return {matmul(matmul(v, factors(a) * matmul(t, c.grad())), t)};
  }
  Tensor jvp(const Jvp& c) const {
    const Tensor &a = c.input(0), v = apply(*this, a);
    return matmul(v, factors(a) * matmul(matmul(transpose(v), c.tangent(0)), v));
  }
};

Tensor EigenValues::vectors(const Tensor& a) const { return apply(EigenVectors{numbers}, a); }

EighNumbers eigh_numbers(const Tensor& a) {
  const Tensor ha = on_host(a);
  const Tensor values = empty(a.shape().part(0, a.rank() - 1), {a.dtype()}), vectors = empty(a.shape(), {a.dtype()});
  GG_CPU_KERNEL(Device(Device::cpu), eigh, values.array(), vectors.array(), ha.array());
  return {raw::to_device(values, a.device()), raw::to_device(vectors, a.device()), values};
}

Tensor symmetric(const char* op, const Tensor& a) {
  detail::check_square(op, a);
  return 0.5 * (a + transpose(a));
}

// ---- svd ------------------------------------------------------------------------------------------------------------

struct SvdNumbers {
  Tensor u, s, vh, s_on_host;
};
enum class SvdPart { u, s, vh };

// With p = uᵀ·∂a·v and F[i, j] = 1/(s[j]² − s[i]²):
//   ∂s = diag(p),  ∂u = u(F∘(p·s + s·pᵀ)) + (1 − u·uᵀ)·∂a·v/s,  ∂v = v(F∘(s·p + pᵀ·s)) + (1 − v·vᵀ)·∂aᵀ·u/s
// (Townsend, "Differentiating the singular value decomposition", 2016). `of<part>` are results as functions of `a`.
template <SvdPart part>
struct SvdOf {
  static constexpr const char* name = "svd";
  static constexpr unsigned saves = kSaveInputs;
  SvdNumbers numbers;
  Tensor forward(const Tensor&) const {
    return fresh(part == SvdPart::u ? numbers.u : part == SvdPart::s ? numbers.s : numbers.vh);
  }
  template <SvdPart other>
  Tensor of(const Tensor& a) const {
    return apply(SvdOf<other>{numbers}, a);
  }
  Tensor factors(const Tensor& a, const Tensor& s) const {
    check_gaps(name, "singular value", numbers.s_on_host, a.size(-1) != a.size(-2));
    const Tensor right = unsqueeze(s, -2), left = unsqueeze(s, -1);
    return reciprocal_off_diagonal((right - left) * (right + left));
  }
  // (1 − q·qᵀ)·x for orthonormal columns q.
  static Tensor outside(const Tensor& q, const Tensor& x) { return x - matmul(q, matmul(transpose(q), x)); }

  Tensors vjp(const Vjp& c) const {
    if (c.grad().is_symbolic_zero()) return {Tensor()};
    const Tensor a = c.input(0), u = of<SvdPart::u>(a), vh = of<SvdPart::vh>(a);
    if constexpr (part == SvdPart::s) {
      return {matmul(columns_times(u, c.grad()), vh)};
    } else {
      const Tensor s = of<SvdPart::s>(a), f = factors(a, s);
      const Tensor q = part == SvdPart::u ? u : transpose(vh), g = part == SvdPart::u ? c.grad() : transpose(c.grad());
      const Tensor inner = matmul(transpose(q), g), turned = f * (inner - transpose(inner));
      const bool is_square = q.size(-2) == q.size(-1);
      const Tensor beyond = is_square ? Tensor() : columns_times(outside(q, g), 1 / s);
      if constexpr (part == SvdPart::u) {
        const Tensor within = matmul(u, columns_times(turned, s));
        return {matmul(is_square ? within : within + beyond, vh)};
      } else {
        const Tensor within = matmul(rows_times(s, turned), vh);
        return {matmul(u, is_square ? within : within + transpose(beyond))};
      }
    }
  }
  Tensor jvp(const Jvp& c) const {
    const Tensor &a = c.input(0), u = of<SvdPart::u>(a), vh = of<SvdPart::vh>(a), &da = c.tangent(0);
    if constexpr (part == SvdPart::s) {
      return sum(u * matmul(da, transpose(vh)), -2);
    } else {
      const Tensor s = of<SvdPart::s>(a), f = factors(a, s);
      const Tensor p = matmul(matmul(transpose(u), da), transpose(vh));
      if constexpr (part == SvdPart::u) {
        const Tensor within = matmul(u, f * (columns_times(p, s) + rows_times(s, transpose(p))));
        if (u.size(-2) == u.size(-1)) return within;
        return within + columns_times(outside(u, matmul(da, transpose(vh))), 1 / s);
      } else {
        const Tensor v = transpose(vh);
        const Tensor within = matmul(v, f * (rows_times(s, p) + columns_times(transpose(p), s)));
        if (v.size(-2) == v.size(-1)) return transpose(within);
        return transpose(within + columns_times(outside(v, matmul(transpose(da), u)), 1 / s));
      }
    }
  }
};

SvdNumbers svd_numbers(const Tensor& a) {
  detail::check_matrices("svd", a);
  const Tensor ha = on_host(a);
  const int64_t m = a.size(-2), n = a.size(-1), k = std::min(m, n);
  const Shape batch = detail::batch_of(a);
  const TensorOptions o{a.dtype()};
  auto with = [&](std::initializer_list<int64_t> sizes) {
    Shape shape = batch;
    for (int64_t size : sizes) shape.push_back(size);
    return empty(shape, o);
  };
  const Tensor u = with({m, k}), s = with({k}), vh = with({k, n});
  GG_CPU_KERNEL(Device(Device::cpu), svd, u.array(), s.array(), vh.array(), ha.array());
  return {raw::to_device(u, a.device()), raw::to_device(s, a.device()), raw::to_device(vh, a.device()), s};
}

}  // namespace

Eigh eigh(const Tensor& a) {
  const Tensor s = symmetric("eigh", a);
  const EighNumbers numbers = eigh_numbers(s);
  return {apply(EigenValues{numbers}, s), apply(EigenVectors{numbers}, s)};
}

Tensor eigvalsh(const Tensor& a) {
  const Tensor s = symmetric("eigvalsh", a);
  return apply(EigenValues{eigh_numbers(s)}, s);
}

Svd svd(const Tensor& a) {
  const SvdNumbers numbers = svd_numbers(a);
  return {apply(SvdOf<SvdPart::u>{numbers}, a), apply(SvdOf<SvdPart::s>{numbers}, a),
          apply(SvdOf<SvdPart::vh>{numbers}, a)};
}

Tensor svdvals(const Tensor& a) { return apply(SvdOf<SvdPart::s>{svd_numbers(a)}, a); }

}  // namespace gg
