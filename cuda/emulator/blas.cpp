// A stand-in for cuBLAS: the same functions, which check what the real ones believe (that every matrix lies within its
// allocation and outputs overlap nothing) and then compute with plain loops and sums in double precision.
#include <algorithm>
#include <cstdint>
#include <functional>
#include <vector>

#include "core/error.h"
#include "cuda/cublas.h"
#include "cuda/emulator/diagnostics.h"
#include "cuda/emulator/runtime.h"
#include "cuda/emulator/work_count.h"

struct gg::cublas::Context {
  gg::emulator::Stream* stream = nullptr;
};

namespace gg::emulator {
namespace {

using namespace cublas;

template <class T>
struct Product {
  const char* function;
  bool ta, tb;
  int m, n, k;
  T alpha, beta;
  const T* a;
  int lda;
  long long a_stride;
  const T* b;
  int ldb;
  long long b_stride;
  T* c;
  int ldc;
  long long c_stride;
  int batch;

  std::string text() const {
    return str(
        function, "(", ta ? "T" : "N", tb ? "T" : "N", ", m ", m, ", n ", n, ", k ", k, ", lda ", lda, ", ldb ", ldb,
        ", ldc ", ldc,
        batch == 1 ? std::string() : str(", batch ", batch, ", strides ", a_stride, " ", b_stride, " ", c_stride), ")");
  }
};

/// Elements from the first to the last of a batch of matrices; 0 if there are none.
int64_t extent(int64_t rows, int64_t cols, int64_t ld, int64_t stride, int64_t batch) {
  if (rows == 0 || cols == 0 || batch == 0) return 0;
  return stride * (batch - 1) + ld * (cols - 1) + rows;
}

Status misuse(const std::string& call, const std::string& what) {
  report(call + ": " + what);
  return invalid_value;
}

/// c's column j of item i, with sums in double.
template <class T>
void compute(const Product<T>& p) {
  std::vector<double> sum(static_cast<size_t>(p.m));
  for (int64_t item = 0; item < p.batch; ++item) {
    const T* a = p.a + item * p.a_stride;
    const T* b = p.b + item * p.b_stride;
    for (int64_t j = 0; j < p.n; ++j) {
      std::fill(sum.begin(), sum.end(), 0.0);
      for (int64_t l = 0; l < p.k; ++l) {
        const double factor = p.tb ? b[j + l * p.ldb] : b[l + j * p.ldb];
        const T* column = p.ta ? a + l : a + l * p.lda;
        const int64_t step = p.ta ? p.lda : 1;
        for (int64_t i = 0; i < p.m; ++i) sum[static_cast<size_t>(i)] += static_cast<double>(column[i * step]) * factor;
      }
      T* c = p.c + item * p.c_stride + j * p.ldc;
      for (int64_t i = 0; i < p.m; ++i) {
        const double scaled = p.alpha * sum[static_cast<size_t>(i)];
        c[i] = static_cast<T>(p.beta == 0 ? scaled : scaled + static_cast<double>(p.beta) * c[i]);
      }
    }
  }
}

template <class T>
Status run(Handle handle, const Product<T>& p) {
  const std::string call = p.text();
  if (p.m < 0 || p.n < 0 || p.k < 0 || p.batch < 0) return misuse(call, "a size is negative.");
  const int64_t a_rows = p.ta ? p.k : p.m, b_rows = p.tb ? p.n : p.k;
  auto check_ld = [&](const char* name, int64_t ld, int64_t rows) {
    return ld >= std::max<int64_t>(rows, 1) ? std::string() : str("ld", name, " ", ld, " < rows ", rows, ".");
  };
  for (const std::string& wrong :
       {check_ld("a", p.lda, a_rows), check_ld("b", p.ldb, b_rows), check_ld("c", p.ldc, p.m)}) {
    if (!wrong.empty()) return misuse(call, wrong);
  }
  if (p.a_stride < 0 || p.b_stride < 0 || p.c_stride < 0) return misuse(call, "a stride is negative.");
  if (p.m == 0 || p.n == 0 || p.batch == 0) return success;

  const auto bytes = [](int64_t elements) { return sizeof(T) * static_cast<size_t>(elements); };
  const Operand operands[] = {
      {"A", p.a, bytes(extent(a_rows, p.ta ? p.m : p.k, p.lda, p.a_stride, p.batch))},
      {"B", p.b, bytes(extent(b_rows, p.tb ? p.k : p.n, p.ldb, p.b_stride, p.batch))},
      {"C", p.c, bytes(extent(p.m, p.n, p.ldc, p.c_stride, p.batch))},
  };
  // Items of C lie one behind the other, or side by side within the leading dimension.
  const bool apart = p.c_stride >= extent(p.m, p.n, p.ldc, 0, 1);
  const bool side_by_side = p.c_stride >= p.m && p.c_stride * (p.batch - 1) + p.m <= p.ldc;
  if (p.batch > 1 && !apart && !side_by_side) return misuse(call, "the items of C overlap.");
  const auto* c = reinterpret_cast<const char*>(p.c);
  for (const Operand& in : {operands[0], operands[1]}) {
    const auto* begin = static_cast<const char*>(in.data);
    const std::less<const char*> before;
    if (in.bytes && before(begin, c + operands[2].bytes) && before(c, begin + in.bytes)) {
      return misuse(call, str("C overlaps ", in.name, "."));
    }
  }
  const auto work = [p] {
    count_library_call(p.function);
    compute(p);
  };
  const auto error = library_call(call, operands, work, handle->stream);
  return error == vocabulary::cudaSuccess ? success : execution_failed;
}

template <class T>
constexpr const char* kName = "cublasDgemm";
template <>
constexpr const char* kName<float> = "cublasSgemm";
template <class T>
constexpr const char* kBatchedName = "cublasDgemmStridedBatched";
template <>
constexpr const char* kBatchedName<float> = "cublasSgemmStridedBatched";

template <class T>
Status gemm(Handle h, Operation ta, Operation tb, int m, int n, int k, const T* alpha, const T* a, int lda, const T* b,
            int ldb, const T* beta, T* c, int ldc) {
  return run<T>(h, {kName<T>, ta == op_t, tb == op_t, m, n, k, *alpha, *beta, a, lda, 0, b, ldb, 0, c, ldc, 0, 1});
}

template <class T>
Status gemm_batched(Handle h, Operation ta, Operation tb, int m, int n, int k, const T* alpha, const T* a, int lda,
                    long long a_stride, const T* b, int ldb, long long b_stride, const T* beta, T* c, int ldc,
                    long long c_stride, int batch) {
  return run<T>(h, {kBatchedName<T>, ta == op_t, tb == op_t, m, n, k, *alpha, *beta, a, lda, a_stride, b, ldb, b_stride,
                    c, ldc, c_stride, batch});
}

Status create(Handle* handle) {
  *handle = new Context;
  return success;
}

Status set_stream(Handle handle, void* stream) {
  handle->stream = static_cast<Stream*>(stream);
  return success;
}

Status set_workspace(Handle handle, void* workspace, size_t bytes) {
  if (reinterpret_cast<uintptr_t>(workspace) % 256 != 0) {
    return misuse("cublasSetWorkspace", "the workspace is not aligned to 256 bytes.");
  }
  const Operand operand{"workspace", workspace, bytes};
  const auto error = library_call(
      "cublasSetWorkspace", {&operand, 1}, [] {}, handle->stream);
  return error == vocabulary::cudaSuccess ? success : execution_failed;
}

Status set_math_mode(Handle, Math) { return success; }  // products are exact to the last bit of T anyway

const char* status_string(Status status) {
  switch (status) {
    case success:
      return "the cuBLAS library returned success";
    case invalid_value:
      return "an unsupported value or parameter was passed to the function";
    case execution_failed:
      return "the function failed to launch on the GPU";
    default:
      return "unknown status";
  }
}

}  // namespace
}  // namespace gg::emulator

namespace gg::emulated {

const cublas::Library& cublas_library() {
  using namespace emulator;
  static constexpr cublas::Library table = {create,        set_stream,          set_workspace,
                                            set_math_mode, status_string,       gemm<float>,
                                            gemm<double>,  gemm_batched<float>, gemm_batched<double>};
  return table;
}

}  // namespace gg::emulated
