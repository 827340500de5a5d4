#include <algorithm>
#include <type_traits>

#include "cpu/kernels/norm.h"
#include "cpu/norm.h"
#include "cpu/rows.h"

namespace gg::cpu {
namespace {

template <class T>
const NormOf<T>& kernels() {
  if constexpr (std::is_same_v<T, float>) {
    return norm_kernels().f32;
  } else {
    return norm_kernels().f64;
  }
}

void check_vector(const Array& v, int64_t n, DType dtype, const char* op, const char* what) {
  GG_CHECK(v.shape == Shape{n} && v.dtype == dtype, op, ": expected ", what, " of ", dtype, " [", n, "], got ", v.dtype,
           " ", v.shape);
}

void check_matrix(const Array& a, const Array& x, const char* op) {
  GG_CHECK(x.rank() == 2 && a.shape == x.shape && a.dtype == x.dtype, op, ": expected matrices of one shape, got ",
           a.shape, " and ", x.shape);
}

template <class T>
T* at(const Array& a, int64_t i) {
  return a.as<T>() + i * a.strides[0];
}

// Sums over rows are partial sums of fixed pieces of so many rows, in T, which are added in double.
int64_t rows_at_once(int64_t n) { return std::clamp<int64_t>(16 * 1024 / n, 8, 64); }

// The sums of `pieces` partial sums, which lie `apart` from each other. None if they are not wanted.
template <class T>
void add_up(const Array& sums, const T* partial, int64_t pieces, int64_t apart) {
  if (!sums.data) return;
  constexpr int64_t kColumns = 256;
  parallel_for(sums.shape[0], kColumns, [&](int64_t begin, int64_t end) {
    double total[kColumns] = {};
    for (int64_t c = 0; c < pieces; ++c) {
      for (int64_t j = begin; j < end; ++j) total[j - begin] += static_cast<double>(partial[c * apart + j]);
    }
    for (int64_t j = begin; j < end; ++j) *at<T>(sums, j) = static_cast<T>(total[j - begin]);
  });
}

Array as_column(Array v) {
  v.shape.push_back(1);
  v.strides[1] = 1;
  return v;
}

}  // namespace

void layer_norm_forward(Array out, Array mean, Array rstd, Array x, Array w, Array b, double eps, bool centred) {
  check_matrix(out, x, "layer_norm");
  int64_t rows = x.shape[0], n = x.shape[1];
  check_vector(mean, rows, x.dtype, "layer_norm", "means");
  check_vector(rstd, rows, x.dtype, "layer_norm", "deviations");
  check_vector(w, n, x.dtype, "layer_norm", "a weight");
  check_vector(b, n, x.dtype, "layer_norm", "a bias");
  if (x.numel() == 0) {
    fill(mean, 0);
    return fill(rstd, 0);
  }
  visit_floating(x.dtype, "layer_norm", [&]<class T>() {
    RowArray from(x, true), to(out, false), weight(w, true), bias(b, true);
    const T *pw = weight.rows().as<const T>(), *pb = bias.rows().as<const T>();
    for_rows<T, 4>({to.rows(), from.rows(), as_column(mean), as_column(rstd)},
                   [&](const std::array<T*, 4>& row, int64_t) {
                     kernels<T>().layer_forward(row[0], row[2], row[3], row[1], pw, pb, n, eps, centred);
                   });
    to.finish();
  });
}

void layer_norm_backward(Array dx, Array dw, Array db, Array g, Array x, Array mean, Array rstd, Array w,
                         bool centred) {
  check_matrix(dx, x, "layer_norm_backward");
  check_matrix(g, x, "layer_norm_backward");
  int64_t rows = x.shape[0], n = x.shape[1];
  check_vector(mean, rows, x.dtype, "layer_norm_backward", "means");
  check_vector(rstd, rows, x.dtype, "layer_norm_backward", "deviations");
  for (const Array* v : {&w, &dw, &db}) check_vector(*v, n, x.dtype, "layer_norm_backward", "a vector");
  if (x.numel() == 0) {
    for (const Array* v : {&dw, &db}) {
      if (v->data) fill(*v, 0);
    }
    return;
  }
  visit_floating(x.dtype, "layer_norm_backward", [&]<class T>() {
    RowArray from(x, true), gs(g, true), to(dx, false), weight(w, true);
    const T* pw = weight.rows().as<const T>();
    const int64_t piece = rows_at_once(n), pieces = (rows + piece - 1) / piece;
    Scratch scratch(sizeof(T) * static_cast<size_t>(pieces * 2 * n));
    T* partial = scratch.as<T>();
    parallel_chunks(pieces, [&](int64_t c) {
      T *pdw = partial + c * 2 * n, *pdb = pdw + n;
      std::fill_n(pdw, 2 * n, T(0));
      for (int64_t i = c * piece; i < std::min(rows, (c + 1) * piece); ++i) {
        kernels<T>().layer_backward(at<T>(to.rows(), i), pdw, pdb, at<T>(gs.rows(), i), at<T>(from.rows(), i), pw, n,
                                    *at<T>(mean, i), *at<T>(rstd, i), centred);
      }
    });
    add_up(dw, partial, pieces, 2 * n);
    add_up(db, partial + n, pieces, 2 * n);
    to.finish();
  });
}

void layer_norm_double_backward(Array dg, Array dx, Array dw, Array v, Array g, Array x, Array mean, Array rstd,
                                Array w, bool centred) {
  constexpr const char* op = "layer_norm_double_backward";
  for (const Array* a : {&dg, &dx, &v, &g}) check_matrix(*a, x, op);
  const int64_t rows = x.shape[0], n = x.shape[1];
  check_vector(mean, rows, x.dtype, op, "means");
  check_vector(rstd, rows, x.dtype, op, "deviations");
  for (const Array* a : {&w, &dw}) check_vector(*a, n, x.dtype, op, "a vector");
  if (x.numel() == 0) {
    if (dw.data) fill(dw, 0);
    return;
  }
  visit_floating(x.dtype, op, [&]<class T>() {
    RowArray xs(x, true), gs(g, true), vs(v, true), to_g(dg, false), to_x(dx, false), weight(w, true);
    const T* pw = weight.rows().as<const T>();
    const int64_t piece = rows_at_once(n), pieces = (rows + piece - 1) / piece;
    Scratch scratch(sizeof(T) * static_cast<size_t>(pieces * n));
    T* partial = scratch.as<T>();
    parallel_chunks(pieces, [&](int64_t c) {
      T* pdw = partial + c * n;
      std::fill_n(pdw, n, T(0));
      for (int64_t i = c * piece; i < std::min(rows, (c + 1) * piece); ++i) {
        kernels<T>().layer_double_backward(at<T>(to_g.rows(), i), at<T>(to_x.rows(), i), pdw, at<T>(vs.rows(), i),
                                           at<T>(gs.rows(), i), at<T>(xs.rows(), i), pw, n, *at<T>(mean, i),
                                           *at<T>(rstd, i), centred);
      }
    });
    add_up(dw, partial, pieces, n);
    to_g.finish();
    to_x.finish();
  });
}

}  // namespace gg::cpu
