#include "data/dataset.h"

#include <cstring>

#include "autograd/raw.h"

namespace gg::data {
namespace {

// Rows of a contiguous CPU tensor. Plain memory moves: no autograd, and no kernel that wants the thread pool.
Tensor rows(const Tensor& x, std::span<const int64_t> indices) {
  Shape shape = x.shape();
  int64_t n = shape[0];
  shape[0] = static_cast<int64_t>(indices.size());
  Tensor out = empty(shape, x.options());
  size_t bytes = n == 0 ? 0 : static_cast<size_t>(x.numel() / n) * size_of(x.dtype());
  auto* to = static_cast<char*>(out.array().data);
  const auto* from = static_cast<const char*>(x.array().data);
  for (int64_t i : indices) {
    GG_CHECK(i >= 0 && i < n, "dataset: there is no sample ", i, " among ", n);
    if (bytes) std::memcpy(to, from + static_cast<size_t>(i) * bytes, bytes);
    to += bytes;
  }
  return out;
}

Tensor checked(const Tensor& t, const char* name) {
  if (!t.defined()) return t;
  GG_CHECK(t.rank() >= 1 && t.device().is_cpu(), "TensorDataset: ", name, " must be a CPU tensor [n, ...], got ",
           t.shape(), " on ", t.device());
  return raw::contiguous(t.detach());
}

}  // namespace

TensorDataset::TensorDataset(Tensor x, Tensor y) : x_(checked(x, "x")), y_(checked(y, "y")) {
  GG_CHECK(x_.defined(), "TensorDataset: x is undefined");
  GG_CHECK(!y_.defined() || y_.size(0) == x_.size(0), "TensorDataset: x has ", x_.size(0), " rows, y has ",
           y_.defined() ? y_.size(0) : 0);
}

Batch TensorDataset::get(std::span<const int64_t> indices) const {
  Batch b;
  b.x = rows(x_, indices);
  if (y_.defined()) b.y = rows(y_, indices);
  return b;
}

}  // namespace gg::data
