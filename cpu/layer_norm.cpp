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
    // Sums over rows: partial sums of fixed pieces in T, which are added in double.
    int64_t piece = std::clamp<int64_t>(16 * 1024 / n, 8, 64), pieces = (rows + piece - 1) / piece;
    Scratch scratch(sizeof(T) * static_cast<size_t>(pieces * 2 * n));
    T* partial = scratch.as<T>();
    auto at = [](const Array& a, int64_t i) { return a.as<T>() + i * a.strides[0]; };
    parallel_chunks(pieces, [&](int64_t c) {
      T *pdw = partial + c * 2 * n, *pdb = pdw + n;
      std::fill_n(pdw, 2 * n, T(0));
      for (int64_t i = c * piece; i < std::min(rows, (c + 1) * piece); ++i) {
        kernels<T>().layer_backward(at(to.rows(), i), pdw, pdb, at(gs.rows(), i), at(from.rows(), i), pw, n,
                                    *at(mean, i), *at(rstd, i), centred);
      }
    });
    constexpr int64_t kColumns = 256;
    const int64_t first = dw.data ? 0 : n, columns = (db.data ? 2 * n : n) - first;
    parallel_for(columns, kColumns, [&](int64_t low, int64_t high) {
      const int64_t begin = first + low, end = first + high;
      double total[kColumns] = {};
      for (int64_t c = 0; c < pieces; ++c) {
        for (int64_t j = begin; j < end; ++j) total[j - begin] += static_cast<double>(partial[c * 2 * n + j]);
      }
      for (int64_t j = begin; j < end; ++j) {
        *(j < n ? at(dw, j) : at(db, j - n)) = static_cast<T>(total[j - begin]);
      }
    });
    to.finish();
  });
}

}  // namespace gg::cpu
