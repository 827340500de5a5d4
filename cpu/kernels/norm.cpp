#include "cpu/kernels/norm.h"

#include "cpu/kernels/rows.h"

namespace gg::cpu::GG_ISA {
namespace {

template <class T>
double square_row(const T* x, int64_t n, T mean) {
  GroupSum<T> sum;
  for_groups<T>(
      nullptr, x, n, mean, [&](T*, const T* in, auto count) __attribute__((always_inline)) {
        Group<T> s;
        for (int i = 0; i < count.value; ++i) {
          T d = in[i] - mean;
          s.lane[i] = d * d;
        }
        sum.add(s.lane, count);
      });
  return sum.result();
}

template <class T>
void gradient_row(double* acc, const T* g, const T* x, int64_t n, T mean) {
  GroupSum<T> sum, product;
  for_groups<T>(
      nullptr, g, x, n, T(0), [&](T*, const T* gi, const T* xi, auto count) __attribute__((always_inline)) {
        Group<T> p;
        for (int i = 0; i < count.value; ++i) p.lane[i] = gi[i] * (xi[i] - mean);
        sum.add(gi, count);
        product.add(p.lane, count);
      });
  acc[0] += sum.result();
  acc[1] += product.result();
}

template <class T>
void affine_row(T* out, const T* x, int64_t n, T mean, T scale, T shift) {
  for (int64_t i = 0; i < n; ++i) out[i] = (x[i] - mean) * scale + shift;
}

template <class T>
void combine_row(T* dx, const T* g, const T* x, int64_t n, T mean, T a, T b, T c) {
  for (int64_t i = 0; i < n; ++i) dx[i] = g[i] * a + ((x[i] - mean) * b + c);
}

constexpr int64_t kPiece = 128, kRows = 16;  // columns at once; rows added in T before they go to double

template <class T>
void square_rows(double* acc, const T* x, int64_t stride, int64_t rows, int64_t cols, const T* mean) {
  for (int64_t j0 = 0; j0 < cols; j0 += kPiece) {
    int64_t n = cols - j0 < kPiece ? cols - j0 : kPiece;
    for (int64_t i0 = 0; i0 < rows; i0 += kRows) {
      alignas(64) T s[kPiece] = {};
      int64_t i1 = i0 + kRows < rows ? i0 + kRows : rows;
      for (int64_t i = i0; i < i1; ++i) {
        const T* p = x + i * stride + j0;
        for (int64_t j = 0; j < n; ++j) {
          T d = p[j] - mean[j0 + j];
          s[j] += d * d;
        }
      }
      for (int64_t j = 0; j < n; ++j) acc[j0 + j] += static_cast<double>(s[j]);
    }
  }
}

template <class T>
void gradient_rows(double* acc, const T* g, int64_t g_stride, const T* x, int64_t stride, int64_t rows, int64_t cols,
                   const T* mean) {
  for (int64_t j0 = 0; j0 < cols; j0 += kPiece) {
    int64_t n = cols - j0 < kPiece ? cols - j0 : kPiece;
    for (int64_t i0 = 0; i0 < rows; i0 += kRows) {
      alignas(64) T s[kPiece] = {}, t[kPiece] = {};
      int64_t i1 = i0 + kRows < rows ? i0 + kRows : rows;
      for (int64_t i = i0; i < i1; ++i) {
        const T* p = x + i * stride + j0;
        const T* q = g + i * g_stride + j0;
        for (int64_t j = 0; j < n; ++j) {
          s[j] += q[j];
          t[j] += q[j] * (p[j] - mean[j0 + j]);
        }
      }
      for (int64_t j = 0; j < n; ++j) {
        acc[j0 + j] += static_cast<double>(s[j]);
        acc[cols + j0 + j] += static_cast<double>(t[j]);
      }
    }
  }
}

template <class T>
void affine_columns(T* out, const T* x, int64_t n, const T* mean, const T* scale, const T* shift) {
  for (int64_t j = 0; j < n; ++j) out[j] = (x[j] - mean[j]) * scale[j] + shift[j];
}

template <class T>
void combine_columns(T* dx, const T* g, const T* x, int64_t n, const T* mean, const T* a, const T* b, const T* c) {
  for (int64_t j = 0; j < n; ++j) dx[j] = g[j] * a[j] + ((x[j] - mean[j]) * b[j] + c[j]);
}

template <class T>
void layer_forward(T* out, T* mean, T* rstd, const T* x, const T* w, const T* b, int64_t n, double eps, bool centred) {
  T m = 0;
  if (centred) {
    GroupSum<T> sum;
    for_groups<T>(
        nullptr, x, n, T(0), [&](T*, const T* in, auto count) __attribute__((always_inline)) { sum.add(in, count); });
    m = static_cast<T>(sum.result() / static_cast<double>(n));
  }
  double variance = square_row(x, n, m) / static_cast<double>(n);
  T r = static_cast<T>(1 / __builtin_sqrt(variance + eps));
  for (int64_t i = 0; i < n; ++i) out[i] = (x[i] - m) * r * w[i] + b[i];
  *mean = m;
  *rstd = r;
}

template <class T>
void layer_backward(T* __restrict dx, T* __restrict dw, T* __restrict db, const T* __restrict g, const T* __restrict x,
                    const T* __restrict w, int64_t n, T mean, T rstd, bool centred) {
  // With u = (x - mean)·rstd and h = g·w:  dx = rstd · (h - mean(h) - u · mean(h·u)). Where the row was not centred,
  // mean and mean(h) are 0.
  GroupSum<T> h_sum, hu_sum;
  for_groups<T>(
      {g, w, x}, n, {T(0), T(0), mean}, [&](const T* const(&in)[3], auto count) __attribute__((always_inline)) {
        Group<T> h, hu;
        for (int i = 0; i < count.value; ++i) {
          h.lane[i] = in[0][i] * in[1][i];
          hu.lane[i] = h.lane[i] * (in[2][i] - mean);
        }
        h_sum.add(h.lane, count);
        hu_sum.add(hu.lane, count);
      });
  T h_mean = centred ? static_cast<T>(h_sum.result() / static_cast<double>(n)) : T(0);
  T hu_mean = static_cast<T>(hu_sum.result() * static_cast<double>(rstd) / static_cast<double>(n));
  for (int64_t i = 0; i < n; ++i) {
    T u = (x[i] - mean) * rstd, gi = g[i];
    dw[i] += gi * u;
    db[i] += gi;
    dx[i] = rstd * (gi * w[i] - h_mean - u * hu_mean);
  }
}

template <class T>
void layer_double_backward(T* __restrict dg, T* __restrict dx, T* __restrict dw, const T* __restrict v,
                           const T* __restrict g, const T* __restrict x, const T* __restrict w, int64_t n, T mean,
                           T rstd, bool centred) {
  // The formulas stand in ops/norm_backward.h.
  GroupSum<T> h_sum, v_sum, hu_sum, vu_sum, hv_sum;
  for_groups<T>(
      {g, w, v, x}, n,
      {T(0), T(0), T(0), mean}, [&](const T* const(&in)[4], auto count) __attribute__((always_inline)) {
        Group<T> h, hu, vu, hv;
        for (int i = 0; i < count.value; ++i) {
          const T d = in[3][i] - mean;
          h.lane[i] = in[0][i] * in[1][i];
          hu.lane[i] = h.lane[i] * d;
          vu.lane[i] = in[2][i] * d;
          hv.lane[i] = h.lane[i] * in[2][i];
        }
        h_sum.add(h.lane, count);
        v_sum.add(in[2], count);
        hu_sum.add(hu.lane, count);
        vu_sum.add(vu.lane, count);
        hv_sum.add(hv.lane, count);
      });
  const double each = 1 / static_cast<double>(n), r = static_cast<double>(rstd);
  const double hm = centred ? h_sum.result() * each : 0, vm = centred ? v_sum.result() * each : 0;
  const double hum = hu_sum.result() * r * each, vum = vu_sum.result() * r * each;
  const T s = static_cast<T>(hv_sum.result() * each - hm * vm - hum * vum);
  const T h_mean = static_cast<T>(hm), v_mean = static_cast<T>(vm), a = static_cast<T>(hum), c = static_cast<T>(vum);
  for (int64_t i = 0; i < n; ++i) {
    const T u = (x[i] - mean) * rstd, hi = g[i] * w[i] - h_mean - u * a, vi = v[i] - v_mean - u * c;
    dw[i] += g[i] * (rstd * vi);
    dg[i] = w[i] * (rstd * vi);
    dx[i] = -(rstd * rstd) * (s * u + c * hi + a * vi);
  }
}

template <class T>
constexpr NormOf<T> kTable = {square_row<T>,    gradient_row<T>,   affine_row<T>,           combine_row<T>,
                              square_rows<T>,   gradient_rows<T>,  affine_columns<T>,       combine_columns<T>,
                              layer_forward<T>, layer_backward<T>, layer_double_backward<T>};

}  // namespace

extern const NormKernels norm_kernels_table = {kTable<float>, kTable<double>};

}  // namespace gg::cpu::GG_ISA
