#include "optim/sparse_adam.h"

#include <algorithm>
#include <cmath>

#include "core/dispatch.h"
#include "core/grad_mode.h"
#include "cpu/index.h"
#include "cuda/index_kernels.h"
#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/index.h"
#include "ops/shape.h"

namespace gg::optim {
namespace {

std::vector<ParameterGroup<SparseAdamOptions>> one_group(const std::vector<nn::Embedding>& layers,
                                                         const SparseAdamOptions& options) {
  ParameterGroup<SparseAdamOptions> group{{}, options};
  for (const nn::Embedding& layer : layers) {
    GG_CHECK(layer.sparse, "SparseAdam: ", layer.description(), " was not made with .sparse = true");
    group.parameters.push_back(layer.weight);
  }
  return {group};
}

// Each row once, with the sum of its gradients.
struct RowGradients {
  Tensor rows, grad;
};

RowGradients summed(const std::vector<nn::TouchedRows>& passes) {
  std::vector<Tensor> rows, grads;
  for (const nn::TouchedRows& pass : passes) {
    if (!pass.values.grad().defined()) continue;
    rows.push_back(pass.rows);
    grads.push_back(pass.values.grad());
  }
  if (rows.size() == 1) return {rows[0], grads[0]};
  const Tensor joined = concat(rows);
  const nn::DistinctRows distinct = nn::distinct_rows(joined.to_vector<int64_t>());
  const auto count = static_cast<int64_t>(distinct.rows.size());
  const Device device = joined.device();
  return {to(from_vector(distinct.rows, {count}), device),
          index_add_zeros(concat(grads), 0, to(from_vector(distinct.places, joined.shape()), device), count)};
}

// table[rows] += change, in place.
void add_rows(const Tensor& table, const Tensor& rows, const Tensor& change) {
  GG_KERNEL(table.device(), index_add, table.array(), change.array(), rows.array(), 0);
}

}  // namespace

SparseAdam::SparseAdam(std::vector<nn::Embedding> layers, const SparseAdamOptions& options)
    : OptimizerWith("SparseAdam", {"exp_avg", "exp_avg_sq"}, one_group(layers, options)), layers_(std::move(layers)) {
  check_options();
}

void SparseAdam::check(size_t group) const {
  const SparseAdamOptions& o = options(group);
  for (double beta : o.betas) GG_CHECK(beta >= 0 && beta < 1, name(), ": betas must be in [0, 1), got ", beta);
  GG_CHECK(o.eps > 0, name(), ": eps must be positive, since rows whose gradients are 0 would become 0/0; got ", o.eps);
  GG_CHECK(o.weight_decay == 0, name(), ": weight_decay would change every row; it must be 0, got ", o.weight_decay);
}

const nn::Embedding& SparseAdam::layer_of(const Tensor& parameter) const {
  for (const nn::Embedding& layer : layers_) {
    if (layer.weight.is_same(parameter)) return layer;
  }
  fail(name(), ": a table of shape ", parameter.shape(), " is no layer's weight any more. Tie weights before making ",
       "the optimiser");
}

bool SparseAdam::has_gradient(const Tensor& parameter) const {
  GG_CHECK(!parameter.grad().defined(), name(), ": a table of shape ", parameter.shape(), " has a dense gradient. Its ",
           "layer was used in evaluation mode, or the table in another way");
  const std::vector<nn::TouchedRows>& passes = layer_of(parameter).touched();
  return std::any_of(passes.begin(), passes.end(),
                     [](const nn::TouchedRows& pass) { return pass.values.grad().defined(); });
}

void SparseAdam::update(size_t group, Slots slots) {
  NoGrad off;
  const SparseAdamOptions& o = options(group);
  for (const Slot* slot : slots) {
    const auto [rows, g] = summed(layer_of(slot->parameter).touched());
    const auto t = static_cast<double>(slot->step + 1);
    const double rate = o.lr * std::sqrt(1 - std::pow(o.betas[1], t)) / (1 - std::pow(o.betas[0], t));
    const Tensor &m = slot->state[0], &v = slot->state[1];
    const Tensor m_before = index_select(m, 0, rows), v_before = index_select(v, 0, rows);
    const Tensor dm = (1 - o.betas[0]) * (g - m_before), dv = (1 - o.betas[1]) * (square(g) - v_before);
    add_rows(m, rows, dm);
    add_rows(v, rows, dv);
    add_rows(slot->parameter, rows, -rate * ((m_before + dm) / (sqrt(v_before + dv) + o.eps)));
  }
}

void SparseAdam::zero_grad() const {
  Optimizer::zero_grad();
  for (const nn::Embedding& layer : layers_) layer.forget_finished();
}

}  // namespace gg::optim
