// Printing of tensors, for people: columns line up, long axes are shortened, and a last line says what it is.
//
//   [[ 1.0000, -0.5000],
//    [ 0.2500, 10.0000]]  float32 [2,2], requires grad
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ostream>

#include "core/tensor.h"

namespace gg {
namespace {

constexpr int64_t kEdge = 3;          // items shown at each end of a shortened axis
constexpr int64_t kShortenAbove = 8;  // axes up to this long are shown whole …
constexpr int64_t kWholeUpTo = 128;   // … and so are tensors with at most this many elements

struct Printer {
  const std::vector<double>& values;
  const Shape& shape;
  bool integral;
  bool logical;
  bool shorten;
  bool scientific = false;
  int width = 0;
  std::string out;

  std::string text(double v) const {
    if (logical) return v != 0 ? "true" : "false";
    char buffer[40];
    if (integral) {
      std::snprintf(buffer, sizeof buffer, "%.0f", v);
    } else if (std::isnan(v)) {
      return "nan";
    } else if (std::isinf(v)) {
      return v > 0 ? "inf" : "-inf";
    } else {
      std::snprintf(buffer, sizeof buffer, scientific ? "%.4e" : "%.4f", v);
    }
    return buffer;
  }

  // Calls fn with the flat index of every element that will be shown.
  template <class Fn>
  void shown(int axis, int64_t base, Fn&& fn) const {
    if (axis == shape.rank()) return fn(base);
    int64_t stride = 1;
    for (int i = axis + 1; i < shape.rank(); ++i) stride *= shape[i];
    for (int64_t i = 0; i < shape[axis]; ++i) {
      if (skips(axis) && i == kEdge) i = shape[axis] - kEdge;
      shown(axis + 1, base + i * stride, fn);
    }
  }
  bool skips(int axis) const { return shorten && shape[axis] > kShortenAbove; }

  void measure() {
    double smallest = INFINITY, largest = 0;
    shown(0, 0, [&](int64_t i) {
      double a = std::abs(values[static_cast<size_t>(i)]);
      if (a != 0 && std::isfinite(a)) {
        smallest = std::min(smallest, a);
        largest = std::max(largest, a);
      }
    });
    scientific = largest >= 1e6 || (largest > 0 && largest < 1e-3) || largest / smallest > 1e7;
    shown(0, 0,
          [&](int64_t i) { width = std::max(width, static_cast<int>(text(values[static_cast<size_t>(i)]).size())); });
  }

  void print(int axis, int64_t base) {
    if (axis == shape.rank()) {
      std::string t = text(values[static_cast<size_t>(base)]);
      out += std::string(static_cast<size_t>(width) - t.size(), ' ') + t;
      return;
    }
    bool last = axis + 1 == shape.rank();
    std::string gap = last ? ", " : ",\n" + std::string(static_cast<size_t>(axis) + 1, ' ');
    int64_t stride = 1;
    for (int i = axis + 1; i < shape.rank(); ++i) stride *= shape[i];
    out += "[";
    for (int64_t i = 0; i < shape[axis]; ++i) {
      if (i) out += gap;
      if (skips(axis) && i == kEdge) {
        out += "…";
        out += gap;
        i = shape[axis] - kEdge;
      }
      print(axis + 1, base + i * stride);
    }
    out += "]";
  }
};

}  // namespace

std::string to_string(const Tensor& t) {
  if (!t.defined()) return "undefined tensor";
  std::vector<double> values = visit_any(t.dtype(), [&]<class T>() {
    std::vector<T> v = t.to_vector<T>();
    return std::vector<double>(v.begin(), v.end());
  });
  Printer p{values, t.shape(), t.dtype() == i64, t.dtype() == boolean, t.numel() > kWholeUpTo, false, 0, {}};
  p.measure();
  p.print(0, 0);
  p.out += str("  ", name_of(t.dtype()), " ", t.shape());
  if (!t.device().is_cpu()) p.out += str(" on ", t.device());
  if (t.is_symbolic_zero()) p.out += ", symbolic zero";
  if (t.requires_grad()) p.out += t.is_leaf() ? ", requires grad" : ", recorded";
  return p.out;
}

std::ostream& operator<<(std::ostream& out, const Tensor& t) { return out << to_string(t); }

}  // namespace gg
