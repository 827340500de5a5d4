// Layout: where the elements of a tensor lie in its storage. One buffer can be seen through many layouts (views).
//
// "Dense" means densely packed in *any* axis order: a channels-last image is as dense as a channels-first one, and two
// tensors with equal dense orders can be walked as one flat loop. "Contiguous" is the row-major special case.
#pragma once

#include <optional>

#include "core/shape.h"

namespace gg {

struct Layout {
  Shape shape;
  std::array<int64_t, kMaxRank> strides{};  ///< in elements; 0 where an axis is broadcast
  int64_t offset = 0;                       ///< of the first element, in elements

  int rank() const { return shape.rank(); }
  int64_t numel() const { return shape.numel(); }

  /// Row-major.
  static Layout contiguous(const Shape& shape);
  /// Dense, with the axis order of `like`, whose shape must have the same rank; row-major where `like` is not dense.
  static Layout dense_like(const Shape& shape, const Layout& like);

  bool is_contiguous() const;
  /// Packed without gaps or overlaps, in any axis order.
  bool is_dense() const;
  /// Whether both have the same shape and strides (axes of size 1 do not count), so that one flat index serves both.
  bool same_order(const Layout& other) const;

  /// Axis i of the result is axis `axes[i]` of this.
  Layout permuted(std::span<const int> axes) const;
  /// `shape` must be this shape with axes of size 1 enlarged and new axes put in front; throws otherwise.
  Layout expanded(const Shape& shape, const char* op) const;
  /// Elements start, start+step, … along `axis`, `length` of them. Arguments are taken as valid.
  Layout sliced(int axis, int64_t start, int64_t length, int64_t step) const;
  /// The same elements in row-major order under another shape, if strides can say so without a copy.
  std::optional<Layout> reshaped(const Shape& shape) const;
};

}  // namespace gg
