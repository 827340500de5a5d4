#include "metrics/pca.h"

#include <algorithm>

#include "core/grad_mode.h"
#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/index.h"
#include "ops/linalg.h"
#include "ops/matmul.h"
#include "ops/reduce.h"
#include "ops/shape.h"

namespace gg::metrics {
namespace {

constexpr int64_t kRows = 4096;  // samples are widened to float64 in pieces of this many

Tensor rows_of(const Tensor& x, const char* op) {
  GG_CHECK(x.rank() >= 2 && is_floating(x.dtype()), op, ": expected floating samples [n, ...], got ", x.dtype(), " ",
           x.shape());
  return x.rank() == 2 ? x : flatten(x, 1);
}

}  // namespace

Pca::Pca(const Tensor& samples) {
  NoGrad guard;
  Tensor x = rows_of(samples, "Pca").detach();
  int64_t n = x.size(0), d = x.size(1);
  GG_CHECK(n >= 2 && d >= 1, "Pca: expected at least two samples, got ", x.shape());
  auto pieces = [&](auto fn) {
    for (int64_t i = 0; i < n; i += kRows) fn(to(slice(x, 0, i, std::min(i + kRows, n)), f64));
  };
  Tensor total = zeros({d}, {f64, x.device()});
  pieces([&](const Tensor& piece) { total = total + sum(piece, {0}); });
  mean_ = total / n;
  Tensor covariance = zeros({d, d}, {f64, x.device()});
  pieces([&](const Tensor& piece) {
    Tensor centred = piece - mean_;
    covariance = covariance + matmul(transpose(centred), centred);
  });
  const Eigh eigen = eigh(covariance / n);  // smallest first, in columns
  const Tensor order = to(arange(static_cast<double>(d - 1), -1, -1), x.device());
  components_ = index_select(transpose(eigen.vectors), 0, order);
  variances_ = eigen.values.to_vector<double>();
  std::reverse(variances_.begin(), variances_.end());
  for (double& v : variances_) v = std::max(v, 0.0);  // rounding puts zeros on either side
}

Tensor Pca::encode(const Tensor& x, int64_t k) const {
  GG_CHECK(k >= 1 && k <= dimension(), "Pca: expected 1 to ", dimension(), " components, got ", k);
  Tensor rows = rows_of(x, "Pca");
  GG_CHECK(rows.size(1) == dimension(), "Pca: fitted to samples of ", dimension(), " numbers, got ", x.shape());
  return matmul(rows - to(mean_, x.dtype()), transpose(to(slice(components_, 0, 0, k), x.dtype())));
}

Tensor Pca::decode(const Tensor& code) const {
  GG_CHECK(code.rank() == 2 && code.size(1) >= 1 && code.size(1) <= dimension(), "Pca: expected codes [n, 1 … ",
           dimension(), "], got ", code.shape());
  return matmul(code, to(slice(components_, 0, 0, code.size(1)), code.dtype())) + to(mean_, code.dtype());
}

Tensor Pca::reconstruct(const Tensor& x, int64_t k) const { return reshape(decode(encode(x, k)), x.shape()); }

double Pca::residual(int64_t k) const {
  GG_CHECK(k >= 0 && k <= dimension(), "Pca: expected 0 to ", dimension(), " components, got ", k);
  double sum = 0;
  for (size_t i = variances_.size(); i-- > static_cast<size_t>(k);) sum += variances_[i];
  return sum;
}

}  // namespace gg::metrics
