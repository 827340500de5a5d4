#include "autograd/functional/laplacian.h"

#include <algorithm>

#include "autograd/forward.h"
#include "autograd/functional/shared_entry.h"
#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/shape.h"

namespace gg {
namespace {

using autograd::ForwardLevel;

constexpr int64_t kChunk = 256;  // directions

// Adds up the second orders of f on what attach(level, first, end) makes of the input: a chunk of the directions.
template <class Attach>
LaplacianResult in_chunks(const Function& f, int64_t directions, int64_t chunk, const Attach& attach) {
  GG_CHECK(chunk >= 0, "laplacian: chunk must be 1 or more, or 0 for ", kChunk, ", got ", chunk);
  if (chunk == 0) chunk = kChunk;
  LaplacianResult r;
  for (int64_t first = 0; first < std::max<int64_t>(directions, 1); first += chunk) {
    ForwardLevel level(ForwardLevel::Order::second);
    const Tensor y = f(attach(level, first, std::min(first + chunk, directions)));
    if (!r.value.defined()) r.value = level.primal(y);
    if (const Tensor part = level.second(y); part.defined()) {
      r.laplacian = r.laplacian.defined() ? r.laplacian + part : part;
    }
  }
  r.laplacian = r.laplacian.defined() ? squeeze(r.laplacian, 0) : symbolic_zeros(r.value.shape(), r.value.options());
  return r;
}

void check_floating(const Tensor& x) {
  GG_CHECK(is_floating(x.dtype()), "laplacian: expected a floating tensor, got ", name_of(x.dtype()));
}

}  // namespace

LaplacianResult laplacian(const Function& f, const Tensor& x, const LaplacianOptions& options) {
  check_floating(x);
  GG_CHECK(!options.batched || x.rank() >= 1, "laplacian: a batch has samples along its first axis, got shape ",
           x.shape());
  const Shape sample = options.batched ? x.shape().part(1, x.rank()) : x.shape();
  Tensor v = options.directions;
  if (options.batched && options.shared_entry && !v.defined()) {
    if (const Tensor m = detail::entry_matrix(f, x); m.defined()) {
      const Tensor rows = detail::compressed_rows(m);
      return in_chunks(f, rows.size(0), options.chunk, [&](const ForwardLevel& level, int64_t first, int64_t end) {
        return level.attach_image(x, slice(rows, 0, first, end));
      });
    }
  }
  if (v.defined()) {
    GG_CHECK(v.rank() == sample.rank() + 1 && v.shape().part(1, v.rank()) == sample && v.dtype() == x.dtype() &&
                 v.device() == x.device(),
             "laplacian: directions must be ", name_of(x.dtype()), " [directions, ...", sample, "] on ", x.device(),
             ", got ", name_of(v.dtype()), " ", v.shape(), " on ", v.device());
  } else {
    const int64_t n = sample.numel();
    v = reshape(eye(n, x.options()), sample.inserted(0, n));
  }
  if (options.batched) v = expand(unsqueeze(v, 1), x.shape().inserted(0, v.size(0)));
  return in_chunks(f, v.size(0), options.chunk, [&](const ForwardLevel& level, int64_t first, int64_t end) {
    return level.attach(x, slice(v, 0, first, end));
  });
}

LaplacianResult laplacian(const FunctionN& f, std::span<const Tensor> x, const LaplacianOptions& options) {
  GG_CHECK(!x.empty(), "laplacian: no inputs");
  GG_CHECK(!options.batched && !options.directions.defined(),
           "laplacian: of several inputs, neither batched nor directions are supported");
  LaplacianResult all;
  for (size_t i = 0; i < x.size(); ++i) {
    auto of_one = [&](const Tensor& t) {
      std::vector<Tensor> in(x.begin(), x.end());
      in[i] = t;
      return f(in);
    };
    const LaplacianResult one = laplacian(of_one, x[i], options);
    all = {one.value, all.laplacian.defined() ? all.laplacian + one.laplacian : one.laplacian};
  }
  return all;
}

LaplacianResult hutchinson_laplacian(const Function& f, const Tensor& x, const HutchinsonOptions& options,
                                     Generator& generator) {
  check_floating(x);
  GG_CHECK(options.probes >= 1, "hutchinson_laplacian: probes must be 1 or more, got ", options.probes);
  const Shape shape = x.shape().inserted(0, options.probes);
  const Tensor v = options.distribution == Probes::gaussian
                       ? randn(shape, x.options(), generator)
                       : affine(bernoulli(shape, 0.5, x.options(), generator), 2, -1);
  LaplacianResult r = in_chunks(
      f, options.probes, options.chunk,
      [&](const ForwardLevel& level, int64_t first, int64_t end) { return level.attach(x, slice(v, 0, first, end)); });
  return {r.value, r.laplacian / static_cast<double>(options.probes)};
}

}  // namespace gg
