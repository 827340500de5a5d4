#include "cpu/linalg.h"

#include <cblas.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <vector>

#include "core/error.h"
#include "cpu/library_threads.h"

// Parts of OpenBLAS, like all of LAPACK; declared here because its C headers are a package of their own. The last
// arguments are the lengths of the strings.
extern "C" {
void sgetrf_(const int* m, const int* n, float* a, const int* lda, int* pivots, int* info);
void dgetrf_(const int* m, const int* n, double* a, const int* lda, int* pivots, int* info);
void sgetrs_(const char* trans, const int* n, const int* k, const float* a, const int* lda, const int* pivots, float* b,
             const int* ldb, int* info, size_t);
void dgetrs_(const char* trans, const int* n, const int* k, const double* a, const int* lda, const int* pivots,
             double* b, const int* ldb, int* info, size_t);
void spotrf_(const char* uplo, const int* n, float* a, const int* lda, int* info, size_t);
void dpotrf_(const char* uplo, const int* n, double* a, const int* lda, int* info, size_t);
void ssyevd_(const char* job, const char* uplo, const int* n, float* a, const int* lda, float* w, float* work,
             const int* lwork, int* iwork, const int* liwork, int* info, size_t, size_t);
void dsyevd_(const char* job, const char* uplo, const int* n, double* a, const int* lda, double* w, double* work,
             const int* lwork, int* iwork, const int* liwork, int* info, size_t, size_t);
void sgesdd_(const char* job, const int* m, const int* n, float* a, const int* lda, float* s, float* u, const int* ldu,
             float* vt, const int* ldvt, float* work, const int* lwork, int* iwork, int* info, size_t);
void dgesdd_(const char* job, const int* m, const int* n, double* a, const int* lda, double* s, double* u,
             const int* ldu, double* vt, const int* ldvt, double* work, const int* lwork, int* iwork, int* info,
             size_t);
}

namespace gg::cpu {
namespace {

// LAPACK of a type.
template <class T>
struct Lapack;
template <>
struct Lapack<float> {
  static constexpr auto getrf = sgetrf_;
  static constexpr auto getrs = sgetrs_;
  static constexpr auto potrf = spotrf_;
  static constexpr auto syevd = ssyevd_;
  static constexpr auto gesdd = sgesdd_;
  static constexpr auto trsm = cblas_strsm;
};
template <>
struct Lapack<double> {
  static constexpr auto getrf = dgetrf_;
  static constexpr auto getrs = dgetrs_;
  static constexpr auto potrf = dpotrf_;
  static constexpr auto syevd = dsyevd_;
  static constexpr auto gesdd = dgesdd_;
  static constexpr auto trsm = cblas_dtrsm;
};

// One matrix of an array, or one vector (rows = 1).
template <class T>
struct Matrix {
  T* data;
  int rows, columns;
  int64_t row, column;  // strides

  T& operator()(int64_t i, int64_t j) const { return data[i * row + j * column]; }
  size_t numel() const { return static_cast<size_t>(rows) * static_cast<size_t>(columns); }
};

int as_int(const char* op, int64_t size) {
  GG_CHECK(size <= 30000, op, ": matrices have at most 30000 rows and columns here, got ", size);
  return static_cast<int>(size);
}

// The matrices of an array in the order of its leading axes; its last `own` axes are theirs.
template <class T>
class Matrices {
 public:
  Matrices(const char* op, const Array& a, int own) : a_(a), lead_(a.rank() - own) {
    for (int i = 0; i < lead_; ++i) count_ *= a.shape[i];
    const int last = a.rank() - 1;
    if (own > 0) one_.columns = as_int(op, a.shape[last]), one_.column = a.strides[last];
    if (own > 1) one_.rows = as_int(op, a.shape[last - 1]), one_.row = a.strides[last - 1];
  }
  int64_t count() const { return count_; }
  Matrix<T> operator[](int64_t index) const {
    Matrix<T> m = one_;
    int64_t offset = 0;
    for (int i = lead_ - 1; i >= 0; --i) {
      offset += index % a_.shape[i] * a_.strides[i];
      index /= a_.shape[i];
    }
    m.data = a_.as<T>() + offset;
    return m;
  }

 private:
  Array a_;
  int lead_;
  int64_t count_ = 1;
  Matrix<T> one_{nullptr, 1, 1, 0, 0};
};

template <class T>
void to_rows(T* out, const Matrix<T>& m) {
  for (int i = 0; i < m.rows; ++i) {
    for (int j = 0; j < m.columns; ++j) *out++ = m(i, j);
  }
}

template <class T>
void to_columns(T* out, const Matrix<T>& m) {
  for (int j = 0; j < m.columns; ++j) {
    for (int i = 0; i < m.rows; ++i) *out++ = m(i, j);
  }
}

template <class T>
void from_columns(const Matrix<T>& m, const T* in) {
  for (int j = 0; j < m.columns; ++j) {
    for (int i = 0; i < m.rows; ++i) m(i, j) = *in++;
  }
}

// " (matrix 3 of 8)" where there are several.
std::string which(int64_t index, int64_t count) {
  return count == 1 ? std::string() : str(" (matrix ", index, " of ", count, ")");
}

template <class T>
void check_finite(const char* op, const std::vector<T>& values, int64_t index, int64_t count) {
  GG_CHECK(std::all_of(values.begin(), values.end(), [](T v) { return std::isfinite(v); }), op,
           ": the matrix has entries that are not finite", which(index, count));
}

// For calls of LAPACK: none at the same time, and one thread in each.
struct LibraryCall {
  OneLibraryThread one_thread;
  OneBlasCaller alone;
};

// Numbers of work space that LAPACK asked for, as a T, which may have rounded it down.
template <class T>
int work_size(const char* op, T asked) {
  const double size = static_cast<double>(asked) * (1 + static_cast<double>(std::numeric_limits<T>::epsilon())) + 1;
  GG_CHECK(size < std::numeric_limits<int>::max(), op, ": the matrix is too large for LAPACK's work space");
  return static_cast<int>(size);
}

template <class T>
T largest_in_size(const T* first, int64_t n, int64_t step) {
  T found = 0;
  for (int64_t i = 0; i < n; ++i) {
    if (std::abs(first[i * step]) > std::abs(found)) found = first[i * step];
  }
  return found;
}

template <class T>
struct Lu {
  std::vector<T> factors;  // column by column
  std::vector<int> pivots;
  int info = 0;  // the first pivot that is 0, from 1

  explicit Lu(const Matrix<T>& a) : factors(a.numel()), pivots(static_cast<size_t>(a.rows)) {
    to_columns(factors.data(), a);
    if (a.rows == 0) return;
    Lapack<T>::getrf(&a.rows, &a.rows, factors.data(), &a.rows, pivots.data(), &info);
  }
};

}  // namespace

void solve(Array x, Array a, Array b) {
  visit_floating(x.dtype, "solve", [&]<class T>() {
    const Matrices<T> xs("solve", x, 2), as("solve", a, 2), bs("solve", b, 2);
    LibraryCall call;
    std::vector<T> right;
    const T* factored = nullptr;
    std::optional<Lu<T>> lu;
    for (int64_t i = 0; i < xs.count(); ++i) {
      const Matrix<T> m = as[i], to = xs[i];
      if (to.numel() == 0) continue;
      if (m.data != factored) {  // matrices that repeat are factored once
        lu.emplace(m);
        GG_CHECK(lu->info == 0, "solve: the matrix is singular: pivot ", lu->info - 1, " of ", m.rows, " is 0",
                 which(i, xs.count()));
        factored = m.data;
      }
      right.resize(to.numel());
      to_columns(right.data(), bs[i]);
      int info = 0;
      Lapack<T>::getrs("N", &m.rows, &to.columns, lu->factors.data(), &m.rows, lu->pivots.data(), right.data(), &m.rows,
                       &info, 1);
      from_columns(to, right.data());
    }
  });
}

void solve_triangular(Array x, Array a, Array b, bool upper) {
  visit_floating(x.dtype, "solve_triangular", [&]<class T>() {
    const Matrices<T> xs("solve_triangular", x, 2), as("solve_triangular", a, 2), bs("solve_triangular", b, 2);
    LibraryCall call;
    std::vector<T> triangle;
    for (int64_t i = 0; i < xs.count(); ++i) {
      const Matrix<T> m = as[i], to = xs[i];
      if (to.numel() == 0) continue;
      for (int j = 0; j < m.rows; ++j) {
        GG_CHECK(m(j, j) != 0, "solve_triangular: the matrix is singular: element ", j, " of its diagonal is 0",
                 which(i, xs.count()));
      }
      triangle.resize(m.numel());
      to_rows(triangle.data(), m);
      to_rows(to.data, bs[i]);
      Lapack<T>::trsm(CblasRowMajor, CblasLeft, upper ? CblasUpper : CblasLower, CblasNoTrans, CblasNonUnit, to.rows,
                      to.columns, T(1), triangle.data(), m.rows, to.data, to.columns);
    }
  });
}

void cholesky(Array l, Array a) {
  visit_floating(l.dtype, "cholesky", [&]<class T>() {
    const Matrices<T> ls("cholesky", l, 2), as("cholesky", a, 2);
    LibraryCall call;
    std::vector<T> m;
    for (int64_t i = 0; i < ls.count(); ++i) {
      const Matrix<T> to = ls[i];
      if (to.numel() == 0) continue;
      m.resize(to.numel());
      to_rows(m.data(), as[i]);
      check_finite("cholesky", m, i, ls.count());
      std::copy(m.begin(), m.end(), to.data);
      int info = 0;
      Lapack<T>::potrf("U", &to.rows, to.data, &to.rows, &info, 1);  // row-major lower is column-major upper
      GG_CHECK(info == 0, "cholesky: the matrix is not positive definite: its leading ", info, " by ", info,
               " part is not", which(i, ls.count()), ". Adding a small multiple of the identity may help");
      for (int r = 0; r < to.rows; ++r) {
        for (int c = r + 1; c < to.rows; ++c) to(r, c) = 0;
      }
    }
  });
}

void determinant(Array sign, Array log_size, Array value, Array a) {
  visit_floating(a.dtype, "determinant", [&]<class T>() {
    const Matrices<T> as("determinant", a, 2), signs("determinant", sign, 0), logs("determinant", log_size, 0),
        values("determinant", value, 0);
    LibraryCall call;
    for (int64_t i = 0; i < as.count(); ++i) {
      const Matrix<T> m = as[i];
      const Lu<T> lu(m);
      T s = 1, l = 0, v = 1;
      bool nan = false, zero = false;
      for (int j = 0; j < m.rows; ++j) {
        const T pivot = lu.factors[static_cast<size_t>(j) * static_cast<size_t>(m.rows + 1)];
        const bool swapped = lu.pivots[static_cast<size_t>(j)] != j + 1;
        nan = nan || std::isnan(pivot);
        zero = zero || pivot == 0;
        v *= swapped ? -pivot : pivot;
        s *= (pivot > 0) - (pivot < 0);
        if (swapped) s = -s;
        l += std::log(std::abs(pivot));
      }
      constexpr T kNone = std::numeric_limits<T>::quiet_NaN();
      // A pivot of 0 counts, also where the product or sum before it overflowed.
      *signs[i].data = nan ? kNone : zero ? T(0) : s;
      *logs[i].data = nan ? kNone : zero ? -std::numeric_limits<T>::infinity() : l;
      *values[i].data = nan ? kNone : zero ? T(0) : v;
    }
  });
}

void eigh(Array values, Array vectors, Array a) {
  visit_floating(a.dtype, "eigh", [&]<class T>() {
    const Matrices<T> as("eigh", a, 2), ws("eigh", values, 1), vs("eigh", vectors, 2);
    LibraryCall call;
    std::vector<T> m, work;
    std::vector<int> integer_work;
    for (int64_t i = 0; i < as.count(); ++i) {
      const Matrix<T> from = as[i], to = vs[i];
      const int n = from.rows;
      if (n == 0) continue;
      m.resize(from.numel());
      to_columns(m.data(), from);
      check_finite("eigh", m, i, as.count());
      int info = 0, asked = -1, integers = 0;
      T room = 0;
      // The first call asks how much work space is needed.
      Lapack<T>::syevd("V", "L", &n, m.data(), &n, ws[i].data, &room, &asked, &integers, &asked, &info, 1, 1);
      const int numbers = work_size("eigh", room);
      work.resize(static_cast<size_t>(numbers));
      integer_work.resize(static_cast<size_t>(integers));
      Lapack<T>::syevd("V", "L", &n, m.data(), &n, ws[i].data, work.data(), &numbers, integer_work.data(), &integers,
                       &info, 1, 1);
      GG_CHECK(info == 0, "eigh: LAPACK's syevd did not converge (info ", info, ")", which(i, as.count()));
      for (int j = 0; j < n; ++j) {  // a column each
        T* column = m.data() + static_cast<size_t>(j) * static_cast<size_t>(n);
        const T side = largest_in_size(column, n, 1) < 0 ? T(-1) : T(1);
        for (int r = 0; r < n; ++r) to(r, j) = side * column[r];
      }
    }
  });
}

void svd(Array u, Array s, Array vh, Array a) {
  visit_floating(a.dtype, "svd", [&]<class T>() {
    const Matrices<T> as("svd", a, 2), us("svd", u, 2), ss("svd", s, 1), vs("svd", vh, 2);
    LibraryCall call;
    std::vector<T> m, work;
    for (int64_t i = 0; i < as.count(); ++i) {
      const Matrix<T> from = as[i], left = us[i], right = vs[i];
      const int rows = from.rows, columns = from.columns, k = std::min(rows, columns);
      if (k == 0) continue;
      m.resize(from.numel());
      to_rows(m.data(), from);
      check_finite("svd", m, i, as.count());
      // Row by row the matrix is LAPACK's transposed one, so left and right change places.
      std::vector<int> integer_work(8 * static_cast<size_t>(k));
      int info = 0, asked = -1;
      T room = 0;
      auto run = [&](T* space, const int* size) {
        Lapack<T>::gesdd("S", &columns, &rows, m.data(), &columns, ss[i].data, right.data, &columns, left.data, &k,
                         space, size, integer_work.data(), &info, 1);
      };
      run(&room, &asked);
      const int numbers = work_size("svd", room);
      work.resize(static_cast<size_t>(numbers));
      run(work.data(), &numbers);
      GG_CHECK(info == 0, "svd: LAPACK's gesdd did not converge (info ", info, ")", which(i, as.count()));
      for (int j = 0; j < k; ++j) {
        if (largest_in_size(&left(0, j), rows, left.row) >= 0) continue;
        for (int r = 0; r < rows; ++r) left(r, j) = -left(r, j);
        for (int c = 0; c < columns; ++c) right(j, c) = -right(j, c);
      }
    }
  });
}

}  // namespace gg::cpu
