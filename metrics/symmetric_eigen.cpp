#include "metrics/symmetric_eigen.h"

#include <algorithm>
#include <cmath>

#include "cpu/library_threads.h"

// Part of OpenBLAS, like all of LAPACK; declared here because its C headers are a package of their own.
extern "C" void dsyevd_(const char* job, const char* uplo, const int* n, double* a, const int* lda, double* w,
                        double* work, const int* lwork, int* iwork, const int* liwork, int* info, size_t, size_t);

namespace gg::metrics {

SymmetricEigen symmetric_eigen(const Tensor& matrix) {
  GG_CHECK(matrix.rank() == 2 && matrix.size(0) == matrix.size(1) && matrix.dtype() == f64,
           "symmetric_eigen: expected a float64 square matrix, got ", matrix.dtype(), " ", matrix.shape());
  int64_t size = matrix.size(0);
  GG_CHECK(size > 0 && size < 20000, "symmetric_eigen: expected 1 to 20000 rows, got ", size);
  std::vector<double> a = matrix.to_vector<double>();
  GG_CHECK(std::all_of(a.begin(), a.end(), [](double v) { return std::isfinite(v); }),
           "symmetric_eigen: the matrix has entries that are not finite");

  int n = static_cast<int>(size), info = 0, asked = -1, integers = 0;
  std::vector<double> values(static_cast<size_t>(n));
  double room = 0;
  cpu::OneLibraryThread one_thread;
  cpu::OneBlasCaller alone;
  // Row-major upper is column-major lower. The first call asks how much work space is needed.
  dsyevd_("V", "L", &n, a.data(), &n, values.data(), &room, &asked, &integers, &asked, &info, 1, 1);
  int doubles = static_cast<int>(room);
  std::vector<double> work(static_cast<size_t>(std::max(doubles, 1)));
  std::vector<int> integer_work(static_cast<size_t>(std::max(integers, 1)));
  dsyevd_("V", "L", &n, a.data(), &n, values.data(), work.data(), &doubles, integer_work.data(), &integers, &info, 1,
          1);
  GG_CHECK(info == 0, "symmetric_eigen: LAPACK's dsyevd did not converge (info ", info, ")");

  // LAPACK's columns are our rows, smallest first.
  SymmetricEigen result;
  result.values.assign(values.rbegin(), values.rend());
  result.vectors = empty(matrix.shape(), {.dtype = f64});
  double* out = result.vectors.mutable_data<double>();
  for (int64_t i = 0; i < size; ++i) {
    const double* from = a.data() + (size - 1 - i) * size;
    const double* largest =
        std::max_element(from, from + size, [](double x, double y) { return std::abs(x) < std::abs(y); });
    double sign = *largest < 0 ? -1 : 1;
    std::transform(from, from + size, out + i * size, [&](double v) { return sign * v; });
  }
  return result;
}

}  // namespace gg::metrics
