// Reading and adding at positions given by integer tensors. Positions are int64, have no gradient, and are checked.
#pragma once

#include <optional>

#include "core/tensor.h"

namespace gg {

/// Slices x[..., index[i], ...] along `axis`; index is one-dimensional.
Tensor index_select(const Tensor& x, int axis, const Tensor& index);
/// Zeros of x's shape but with `axis` of size `size`, to which slice i of x is added at index[i]. The adjoint of
/// index_select.
Tensor index_add_zeros(const Tensor& x, int axis, const Tensor& index, int64_t size);
/// x with slice i of `source` added at index[i] along `axis`.
Tensor index_add(const Tensor& x, int axis, const Tensor& index, const Tensor& source);
/// out[i][j] = x[i][index[i][j]] for axis 1, and so on: index has x's rank, and x's sizes or less outside `axis`.
Tensor gather(const Tensor& x, int axis, const Tensor& index);
/// The same with index broadcast to x's shape, and x to index's, on all axes but `axis`.
Tensor take_along_dim(const Tensor& x, const Tensor& index, int axis);
/// x plus `source` added at the positions that gather would read.
Tensor scatter_add(const Tensor& x, int axis, const Tensor& index, const Tensor& source);

struct LookupOptions {
  std::optional<int64_t> padding_idx = {};  ///< a row without gradient; negative ones count from the end
};
/// Rows of weight [n, d] chosen by an index tensor of any shape: [...index.shape, d].
Tensor embedding(const Tensor& weight, const Tensor& index, const LookupOptions& options = {});

}  // namespace gg
