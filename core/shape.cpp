#include "core/shape.h"

namespace gg {

int64_t Shape::at(int axis) const { return dims_[normalize_axis(axis, rank_, "size")]; }

Shape Shape::inserted(int axis, int64_t d) const {
  Shape out;
  for (int i = 0; i < axis; ++i) out.push_back(dims_[i]);
  out.push_back(d);
  for (int i = axis; i < rank_; ++i) out.push_back(dims_[i]);
  return out;
}

Shape Shape::erased(int axis) const {
  Shape out;
  for (int i = 0; i < rank_; ++i) {
    if (i != axis) out.push_back(dims_[i]);
  }
  return out;
}

int64_t checked_numel(const Shape& shape) {
  int64_t n = 1;
  for (int i = shape.rank() - 1; i >= 0; --i) {
    GG_CHECK(shape[i] >= 0, "a tensor's sizes must not be negative, got ", shape);
    GG_CHECK(!__builtin_mul_overflow(n, shape[i], &n) && n <= kMaxNumel, "a tensor of shape ", shape,
             " has too many elements; at most 2^56 can be counted");
  }
  return n;
}

std::string to_string(const Shape& shape) {
  std::string s = "[";
  for (int i = 0; i < shape.rank(); ++i) {
    if (i > 0) s += ',';
    s += std::to_string(shape[i]);
  }
  return s + "]";
}

int normalize_axis(int axis, int rank, const char* op) {
  int positive = axis < 0 ? axis + rank : axis;
  GG_CHECK(positive >= 0 && positive < rank, op, ": axis ", axis, " is out of range for a tensor with ", rank,
           rank == 1 ? " axis" : " axes");
  return positive;
}

Shape broadcast_shapes(const Shape& a, const Shape& b, const char* op) {
  if (a == b) return a;
  int rank = a.rank() > b.rank() ? a.rank() : b.rank();
  Shape out;
  for (int i = 0; i < rank; ++i) {
    int ia = i - (rank - a.rank()), ib = i - (rank - b.rank());
    int64_t da = ia < 0 ? 1 : a[ia], db = ib < 0 ? 1 : b[ib];
    GG_CHECK(da == db || da == 1 || db == 1, op, ": shapes ", a, " and ", b, " do not broadcast: axis ", i - rank,
             " has sizes ", da, " and ", db, ", which are neither equal nor 1");
    out.push_back(da == 1 ? db : da);
  }
  return out;
}

}  // namespace gg
