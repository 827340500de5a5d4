// Shape: the sizes of a tensor's axes, at most kMaxRank of them, stored inline. A plain value.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

#include "core/error.h"

namespace gg {

inline constexpr int kMaxRank = 8;
/// Elements that a tensor may have: far more than fit in memory, few enough for their bytes to be counted.
inline constexpr int64_t kMaxNumel = int64_t{1} << 56;

class Shape {
 public:
  constexpr Shape() = default;
  Shape(std::initializer_list<int64_t> dims) : Shape(std::span(dims.begin(), dims.size())) {}
  Shape(const std::vector<int64_t>& dims) : Shape(std::span(dims)) {}
  explicit Shape(std::span<const int64_t> dims) {
    GG_CHECK(dims.size() <= kMaxRank, "a tensor has at most ", kMaxRank, " axes, got ", dims.size());
    for (int64_t d : dims) push_back(d);
  }

  constexpr int rank() const { return rank_; }
  constexpr int64_t operator[](int axis) const { return dims_[axis]; }
  constexpr int64_t& operator[](int axis) { return dims_[axis]; }
  /// The size of `axis`; negative axes count from the end. Throws if there is no such axis.
  int64_t at(int axis) const;

  constexpr int64_t numel() const {
    uint64_t n = 1;  // may wrap on the way to a size of 0
    for (int i = 0; i < rank_; ++i) n *= static_cast<uint64_t>(dims_[i]);
    return static_cast<int64_t>(n);
  }

  constexpr const int64_t* begin() const { return dims_.data(); }
  constexpr const int64_t* end() const { return dims_.data() + rank_; }
  constexpr const int64_t* data() const { return dims_.data(); }

  constexpr void push_back(int64_t d) {
    if (rank_ == kMaxRank) fail("a tensor has at most ", kMaxRank, " axes");
    dims_[rank_++] = d;
  }
  /// A copy with `d` put before axis `axis` (0 ≤ axis ≤ rank).
  Shape inserted(int axis, int64_t d) const;
  /// A copy without axis `axis` (0 ≤ axis < rank).
  Shape erased(int axis) const;
  /// A copy of the axes [first, last).
  Shape part(int first, int last) const { return Shape(std::span(begin() + first, begin() + last)); }

  constexpr bool operator==(const Shape& other) const {
    if (rank_ != other.rank_) return false;
    for (int i = 0; i < rank_; ++i) {
      if (dims_[i] != other.dims_[i]) return false;
    }
    return true;
  }

 private:
  std::array<int64_t, kMaxRank> dims_{};
  int rank_ = 0;
};

/// The number of elements; throws if a size is negative or the number more than kMaxNumel.
int64_t checked_numel(const Shape& shape);

/// "[2,3,4]", and "[]" for a scalar.
std::string to_string(const Shape& shape);

/// `axis` counted from the front; negative axes count from the end. Throws, naming `op`, if out of range.
int normalize_axis(int axis, int rank, const char* op);

/// The shape that two operands broadcast to, aligned at the last axis (NumPy's rule). Throws, naming `op`.
Shape broadcast_shapes(const Shape& a, const Shape& b, const char* op);

}  // namespace gg
