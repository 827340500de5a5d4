#include "ops/distance.h"

#include <limits>

#include "autograd/apply.h"
#include "autograd/raw.h"
#include "core/dispatch.h"
#include "cpu/distance.h"
#include "cuda/distance.h"
#include "ops/at_zero.h"
#include "ops/elementwise.h"
#include "ops/elementwise_run.h"
#include "ops/matmul.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "ops/tangent.h"

namespace gg {
namespace {

Shape batch_of(const Shape& s) { return s.part(0, s.rank() - 2); }

// A point of origin in the middle of b, from which the rules count: coordinates far from 0 would lose digits.
Tensor middle(const Tensor& b) {
  const Tensor bare = b.detach();
  return b.size(-2) > 0 ? mean(bare, -2, {.keepdim = true}) : full({}, 0, b.options());
}

struct SquaredDistance {
  static constexpr const char* name = "squared_distance";
  static constexpr unsigned saves = kSaveInputs;
  static Shape output_shape(const Tensor& a, const Tensor& b) {
    Shape shape = broadcast_shapes(batch_of(a.shape()), batch_of(b.shape()), name);
    shape.push_back(a.size(-2));
    shape.push_back(b.size(-2));
    return shape;
  }
  Tensor forward(const Tensor& a, const Tensor& b) const {
    const Shape shape = output_shape(a, b);
    Tensor out = empty(shape, a.options());
    const Tensor kept[] = {in_runs(a), in_runs(b)};
    const auto batched = [&](const Tensor& x) {
      Shape s = batch_of(shape);
      s.push_back(x.size(-2));
      s.push_back(x.size(-1));
      return x.array().expanded(s, name);
    };
    GG_KERNEL(a.device(), squared_distance, out.array(), batched(kept[0]), batched(kept[1]));
    return out;
  }
  Tensors vjp(const Vjp& c) const {
    const Tensor origin = middle(c.input(1)), g = 2 * c.grad();
    const Tensor a = c.input(0) - origin, b = c.input(1) - origin;
    return {c.needs(0) ? a * sum(g, -1, {.keepdim = true}) - matmul(g, b) : Tensor(),
            c.needs(1) ? b * unsqueeze(sum(g, -2), -1) - matmul(transpose(g), a) : Tensor()};
  }
  Tensor jvp(const Jvp& c) const {
    const Tensor origin = middle(c.input(1));
    const Tensor a = c.input(0) - origin, b = c.input(1) - origin;
    const int rank = c.output().rank();
    Tensor half;
    if (c.has(0)) {
      const Tensor da = aligned_tangent(c, 0, rank);
      half = sum(a * da, -1, {.keepdim = true}) - matmul(da, transpose(b));
    }
    if (c.has(1)) {
      const Tensor db = aligned_tangent(c, 1, rank);
      half = add_tangents(half, unsqueeze(sum(b * db, -1), -2) - matmul(a, transpose(db)));
    }
    return expand(2 * half, with_directions(c, c.output().shape()));
  }

 private:
  static Tensor in_runs(const Tensor& x) {
    return x.size(-1) == 1 || x.layout().strides[static_cast<size_t>(x.rank() - 1)] == 1 ? x : raw::contiguous(x);
  }
};

void check_points(const Tensor& a, const Tensor& b, const char* op) {
  detail::check_floating(op, a);
  detail::check_same(op, a, b);
  GG_CHECK(a.rank() >= 2 && b.rank() >= 2, op, ": expected points [..., n, d] and [..., m, d], got shapes ", a.shape(),
           " and ", b.shape());
  GG_CHECK(a.size(-1) == b.size(-1), op, ": points of ", a.size(-1), " and ", b.size(-1), " coordinates: shapes ",
           a.shape(), " and ", b.shape());
}

// max(|x|, eps) along an axis, which stays.
Tensor length(const Tensor& x, int axis, double p, double eps) {
  return clamp(norm(x, axis, {.p = p, .keepdim = true}), eps, std::numeric_limits<double>::infinity());
}

}  // namespace

Tensor squared_distance(const Tensor& a, const Tensor& b) {
  check_points(a, b, "squared_distance");
  return apply(SquaredDistance{}, a, b);
}

Tensor cdist(const Tensor& a, const Tensor& b, double p) {
  check_points(a, b, "cdist");
  GG_CHECK(p >= 0, "cdist: p must be 0 or more, got ", p);
  if (p == 2) return detail::zero_at_zero(squared_distance(a, b), [](const Tensor& s) { return sqrt(s); });
  if (a.size(-1) == 0) return squared_distance(a, b);  // 0 for every p
  return norm(unsqueeze(a, -2) - unsqueeze(b, -3), -1, {.p = p});
}

Tensor cosine_similarity(const Tensor& a, const Tensor& b, int axis, double eps) {
  detail::check_floating("cosine_similarity", a);
  detail::check_same("cosine_similarity", a, b);
  const Shape shape = broadcast_shapes(a.shape(), b.shape(), "cosine_similarity");
  const int rank = shape.rank();
  axis = normalize_axis(axis, rank, "cosine_similarity");
  GG_CHECK(a.rank() + axis >= rank && b.rank() + axis >= rank, "cosine_similarity: shapes ", a.shape(), " and ",
           b.shape(), " do not both have axis ", axis);
  GG_CHECK(eps > 0, "cosine_similarity: eps must be positive, got ", eps);
  const int64_t n = shape[axis];
  axis -= rank;
  const auto of_vectors = [&](const Tensor& x) {  // an axis of size 1 stands for a vector of n equal elements
    Shape s = x.shape();
    s[s.rank() + axis] = n;
    return length(expand(x, s), axis, 2, eps);
  };
  return squeeze(sum(a * b, axis, {.keepdim = true}) / (of_vectors(a) * of_vectors(b)), axis);
}

Tensor normalize(const Tensor& x, int axis, const NormalizeOptions& o) {
  detail::check_floating("normalize", x);
  axis = normalize_axis(axis, x.rank(), "normalize");
  GG_CHECK(o.eps > 0, "normalize: eps must be positive, got ", o.eps);
  return x / length(x, axis, o.p, o.eps);
}

}  // namespace gg
