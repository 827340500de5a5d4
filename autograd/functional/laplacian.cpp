#include "autograd/functional/laplacian.h"

#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/shape.h"

namespace gg {
namespace {

// Σᵢ vᵢᵀ·H·vᵢ over directions v [k, ...x.shape].
LaplacianResult along(const Function& f, const Tensor& x, const Tensor& v) {
  LaplacianResult r;
  for (int64_t k = 0; k < v.size(0); ++k) {
    const Tensor d = select(v, 0, k);
    Linearized second = jvp([&](const Tensor& t) { return jvp(f, t, d).product; }, x, d);
    if (!r.value.defined()) r.value = f(x);
    r.laplacian = r.laplacian.defined() ? r.laplacian + second.product : second.product;
  }
  return r;
}

Shape sample_shape(const Tensor& x, bool batched) {
  GG_CHECK(is_floating(x.dtype()), "laplacian: expected a floating tensor, got ", name_of(x.dtype()));
  GG_CHECK(!batched || x.rank() >= 1, "laplacian: a batch has samples along its first axis, got shape ", x.shape());
  return batched ? x.shape().part(1, x.rank()) : x.shape();
}

}  // namespace

LaplacianResult laplacian(const Function& f, const Tensor& x, const LaplacianOptions& options) {
  const Shape sample = sample_shape(x, options.batched);
  Tensor v = options.directions;
  if (v.defined()) {
    GG_CHECK(v.rank() == sample.rank() + 1 && v.shape().part(1, v.rank()) == sample && v.dtype() == x.dtype() &&
                 v.device() == x.device(),
             "laplacian: directions must be ", name_of(x.dtype()), " [directions, ...", sample, "], got ",
             name_of(v.dtype()), " ", v.shape());
  } else {
    const int64_t n = sample.numel();
    v = reshape(eye(n, x.options()), sample.inserted(0, n));
  }
  if (options.batched) v = expand(unsqueeze(v, 1), x.shape().inserted(0, v.size(0)));
  return along(f, x, v);
}

LaplacianResult hutchinson_laplacian(const Function& f, const Tensor& x, const HutchinsonOptions& options,
                                     Generator& generator) {
  sample_shape(x, false);
  GG_CHECK(options.probes >= 1, "hutchinson_laplacian: probes must be 1 or more, got ", options.probes);
  const Shape shape = x.shape().inserted(0, options.probes);
  const Tensor v = options.distribution == Probes::gaussian
                       ? randn(shape, x.options(), generator)
                       : affine(bernoulli(shape, 0.5, x.options(), generator), 2, -1);
  LaplacianResult r = along(f, x, v);
  return {r.value, r.laplacian / static_cast<double>(options.probes)};
}

}  // namespace gg
