#include "nn/embedding.h"

#include <algorithm>

#include "autograd/forward.h"
#include "autograd/node.h"
#include "core/grad_mode.h"
#include "nn/init.h"
#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/index.h"
#include "ops/shape.h"

namespace gg::nn {
namespace {

// Passes whose rows are kept before somebody asks why nobody takes them.
constexpr size_t kMostTouched = 1000;

std::string describe(int64_t count, int64_t dim, const EmbeddingOptions& o) {
  std::string s = str("Embedding(", count, ", ", dim);
  if (o.padding_idx) s += str(", padding_idx = ", *o.padding_idx);
  return s + (o.sparse ? ", sparse)" : ")");
}

}  // namespace

DistinctRows distinct_rows(const std::vector<int64_t>& asked) {
  DistinctRows d{asked, std::vector<int64_t>(asked.size())};
  std::sort(d.rows.begin(), d.rows.end());
  d.rows.erase(std::unique(d.rows.begin(), d.rows.end()), d.rows.end());
  for (size_t i = 0; i < asked.size(); ++i) {
    d.places[i] = std::lower_bound(d.rows.begin(), d.rows.end(), asked[i]) - d.rows.begin();
  }
  return d;
}

Embedding::Embedding(int64_t num_embeddings, int64_t dim, const EmbeddingOptions& o)
    : Module(describe(num_embeddings, dim, o)), padding_idx(o.padding_idx), sparse(o.sparse) {
  GG_CHECK(num_embeddings > 0 && dim > 0, description(), ": sizes must be positive");
  if (padding_idx && *padding_idx < 0) *padding_idx += num_embeddings;
  GG_CHECK(!padding_idx || (*padding_idx >= 0 && *padding_idx < num_embeddings), description(),
           ": padding_idx must be a row of the table");
  weight = register_parameter("weight", empty({num_embeddings, dim}));
  init::normal_(weight, 0, 1);
  if (padding_idx) init::zeros_(select(weight.detach(), 0, *padding_idx));
}

Tensor Embedding::operator()(const Tensor& index) const {
  const Tensor& table = weight;
  const bool sparsely =
      sparse && training() && GradMode::enabled() && table.requires_grad() && autograd::top_level(table) == 0;
  return sparsely ? look_up_sparsely(index) : embedding(table, index, {.padding_idx = padding_idx});
}

void Embedding::forget_finished() const {
  std::erase_if(*touched_, [](const TouchedRows& pass) {
    const Ref<TensorImpl>& values = pass.values.impl();
    const bool held = values->node && (!values->is_unique() || !values->node->is_unique());
    return !held || pass.values.grad().defined();
  });
}

Tensor Embedding::look_up_sparsely(const Tensor& index) const {
  GG_CHECK(touched_->size() < kMostTouched, description(), ": ", kMostTouched,
           " passes in training, whose rows nobody ",
           "has taken. Give the layer to optim::SparseAdam and call its zero_grad, or use eval() or NoGrad");
  GG_CHECK(index.dtype() == i64, description(), ": positions must be int64, got ", name_of(index.dtype()));
  GG_CHECK(index.device() == weight.device(), description(), ": positions are on ", index.device(), ", the table on ",
           weight.device());
  const auto [rows, places] = distinct_rows(gg::to(index, Device::cpu).to_vector<int64_t>());
  for (int64_t end : {rows.empty() ? 0 : rows.front(), rows.empty() ? 0 : rows.back()}) {
    GG_CHECK(end >= 0 && end < weight.size(0), description(), ": index ", end, " is out of range for ", weight.size(0),
             " rows");
  }
  std::optional<int64_t> padding;
  if (padding_idx) {
    auto found = std::lower_bound(rows.begin(), rows.end(), *padding_idx);
    if (found != rows.end() && *found == *padding_idx) padding = found - rows.begin();
  }
  TouchedRows touched;
  touched.rows = gg::to(from_vector(rows, {static_cast<int64_t>(rows.size())}), weight.device());
  touched.values = index_select(weight.detach(), 0, touched.rows).requires_grad_();
  touched_->push_back(touched);
  return embedding(touched.values, gg::to(from_vector(places, index.shape()), weight.device()),
                   {.padding_idx = padding});
}

}  // namespace gg::nn
