#include "ops/weight_norm.h"

#include "core/grad_mode.h"
#include "ops/distance.h"
#include "ops/elementwise.h"
#include "ops/matmul.h"
#include "ops/reduce.h"
#include "ops/shape.h"

namespace gg {
namespace {

// w as a matrix whose rows are the indices along `axis`.
Tensor as_matrix(const Tensor& w, int axis, const char* op) {
  GG_CHECK(w.rank() >= 2 && is_floating(w.dtype()), op, ": expected a floating weight of two axes or more, got ",
           name_of(w.dtype()), " ", w.shape());
  axis = normalize_axis(axis, w.rank(), op);
  GG_CHECK(w.numel() > 0, op, ": the weight ", w.shape(), " is empty");
  return reshape(axis == 0 ? w : transpose(w, 0, axis), {w.size(axis), w.numel() / w.size(axis)});
}

void check_vectors(const Tensor& matrix, const SingularVectors& s, const char* op) {
  GG_CHECK(s.u.defined() && s.v.defined() && s.u.shape() == Shape{matrix.size(0)} &&
               s.v.shape() == Shape{matrix.size(1)} && s.u.dtype() == matrix.dtype() && s.v.dtype() == matrix.dtype(),
           op, ": a weight that is a matrix ", name_of(matrix.dtype()), " ", matrix.shape(), " needs u [",
           matrix.size(0), "] and v [", matrix.size(1), "], got ", s.u.defined() ? to_string(s.u.shape()) : "none",
           " and ", s.v.defined() ? to_string(s.v.shape()) : "none");
}

}  // namespace

Tensor norm_except(const Tensor& v, int axis) {
  GG_CHECK(v.rank() >= 1 && is_floating(v.dtype()), "weight_norm: expected a floating tensor with axes, got ",
           name_of(v.dtype()), " ", v.shape());
  axis = normalize_axis(axis, v.rank(), "weight_norm");
  Axes others;
  for (int i = 0; i < v.rank(); ++i) {
    if (i != axis) others.push_back(i);
  }
  return sqrt(others.empty() ? square(v) : sum(square(v), others, {.keepdim = true}));
}

Tensor weight_norm(const Tensor& v, const Tensor& g, int axis) {
  Tensor norm = norm_except(v, axis);
  GG_CHECK(g.shape() == norm.shape() && g.dtype() == v.dtype(), "weight_norm: a direction ", name_of(v.dtype()), " ",
           v.shape(), " needs lengths ", norm.shape(), ", got ", name_of(g.dtype()), " ", g.shape());
  return v * (g / norm);
}

SingularVectors power_iteration(const Tensor& w, const SingularVectors& start, const PowerIterationOptions& o) {
  GG_CHECK(o.steps >= 0, "power_iteration: the number of steps must not be negative, got ", o.steps);
  NoGrad off;
  Tensor matrix = as_matrix(w.detach(), o.axis, "power_iteration");
  check_vectors(matrix, start, "power_iteration");
  SingularVectors s{start.u.detach(), start.v.detach()};
  for (int i = 0; i < o.steps; ++i) {
    s.v = normalize(matmul(transpose(matrix), s.u), 0, {.eps = o.eps});
    s.u = normalize(matmul(matrix, s.v), 0, {.eps = o.eps});
  }
  return s;
}

Tensor spectral_norm(const Tensor& w, const SingularVectors& vectors, int axis) {
  Tensor matrix = as_matrix(w, axis, "spectral_norm");
  check_vectors(matrix, vectors, "spectral_norm");
  Tensor sigma = sum(vectors.u.detach() * matmul(matrix, vectors.v.detach()));
  return w / sigma;
}

}  // namespace gg
