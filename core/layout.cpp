#include "core/layout.h"

#include <algorithm>

namespace gg {
namespace {

// Axes from the largest stride to the smallest, ties in their own order.
std::array<int, kMaxRank> axes_by_stride(const Layout& layout) {
  std::array<int, kMaxRank> order{};
  for (int i = 0; i < layout.rank(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.begin() + layout.rank(),
                   [&](int a, int b) { return layout.strides[a] > layout.strides[b]; });
  return order;
}

}  // namespace

Layout Layout::contiguous(const Shape& shape) {
  checked_numel(shape);
  Layout out;
  out.shape = shape;
  int64_t stride = 1;
  for (int i = shape.rank() - 1; i >= 0; --i) {
    out.strides[i] = stride;
    stride *= shape[i];
  }
  return out;
}

Layout Layout::dense_like(const Shape& shape, const Layout& like) {
  if (like.is_contiguous() || shape.rank() != like.rank() || !like.is_dense()) return contiguous(shape);
  Layout out;
  out.shape = shape;
  auto order = axes_by_stride(like);
  int64_t stride = 1;
  for (int i = shape.rank() - 1; i >= 0; --i) {
    out.strides[order[i]] = stride;
    stride *= shape[order[i]];
  }
  return out;
}

bool Layout::is_contiguous() const {
  int64_t expected = 1;
  for (int i = rank() - 1; i >= 0; --i) {
    if (shape[i] != 1 && strides[i] != expected) return numel() == 0;
    expected *= shape[i];
  }
  return true;
}

bool Layout::is_dense() const {
  if (is_contiguous()) return true;
  auto order = axes_by_stride(*this);
  int64_t expected = 1;
  for (int i = rank() - 1; i >= 0; --i) {
    int axis = order[i];
    if (shape[axis] == 1) continue;
    if (strides[axis] != expected) return false;
    expected *= shape[axis];
  }
  return true;
}

bool Layout::same_order(const Layout& other) const {
  if (shape != other.shape) return false;
  for (int i = 0; i < rank(); ++i) {
    if (shape[i] != 1 && strides[i] != other.strides[i]) return false;
  }
  return true;
}

Layout Layout::permuted(std::span<const int> axes) const {
  Layout out;
  out.offset = offset;
  for (int i = 0; i < rank(); ++i) {
    out.shape.push_back(shape[axes[i]]);
    out.strides[i] = strides[axes[i]];
  }
  return out;
}

Layout Layout::expanded(const Shape& to, const char* op) const {
  GG_CHECK(to.rank() >= rank(), op, ": cannot expand ", shape, " to ", to, ", which has fewer axes");
  checked_numel(to);
  Layout out;
  out.shape = to;
  out.offset = offset;
  int lead = to.rank() - rank();
  for (int i = 0; i < rank(); ++i) {
    GG_CHECK(shape[i] == to[lead + i] || shape[i] == 1, op, ": cannot expand ", shape, " to ", to, ": axis ", i,
             " has size ", shape[i], ", which is neither 1 nor ", to[lead + i]);
    out.strides[lead + i] = shape[i] == to[lead + i] ? strides[i] : 0;
  }
  return out;
}

Layout Layout::sliced(int axis, int64_t start, int64_t length, int64_t step) const {
  Layout out = *this;
  out.offset += start * strides[axis];
  out.shape[axis] = length;
  out.strides[axis] = strides[axis] * step;
  return out;
}

std::optional<Layout> Layout::reshaped(const Shape& to) const {
  Layout out = contiguous(to);
  out.offset = offset;
  if (is_contiguous()) return out;
  // Match groups of old axes with groups of new axes of equal product; within a group the old axes must merge.
  int o = 0, n = 0;
  while (n < to.rank()) {
    if (to[n] == 1) {
      out.strides[n++] = 1;
      continue;
    }
    while (o < rank() && shape[o] == 1) ++o;
    int o_end = o, n_end = n;
    int64_t old_size = shape[o_end++], new_size = to[n_end++];
    while (old_size != new_size) {
      if (old_size < new_size) {
        int64_t previous = strides[o_end - 1];
        while (o_end < rank() && shape[o_end] == 1) ++o_end;
        if (o_end == rank() || previous != strides[o_end] * shape[o_end]) return std::nullopt;
        old_size *= shape[o_end++];
      } else {
        new_size *= to[n_end++];
      }
    }
    int64_t stride = strides[o_end - 1];
    for (int i = n_end - 1; i >= n; --i) {
      out.strides[i] = stride;
      stride *= to[i];
    }
    o = o_end;
    n = n_end;
  }
  return out;
}

}  // namespace gg
