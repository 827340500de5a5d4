// Calls of cuBLAS. Each handle has a workspace of its own: results repeat bit by bit only where streams do not share
// one (cuBLAS' documentation, "Results reproducibility").
#include "cuda/blas.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "cuda/cublas.h"
#include "cuda/handles.h"
#include "cuda/memory.h"
#include "cuda/platform.h"

namespace gg::GG_CUDA_NS {
namespace {

using cublas::Library;

void check_blas(cublas::Status status, const char* what) {
  if (status == cublas::success) return;
  std::string found;
#if defined(GG_CUDA_EMULATE)
  found = str(". Emulator: ", emulator::last_diagnostic());
#endif
  fail(GG_CUDA_NS_NAME, ": ", what, ": cuBLAS says: ", cublas_library().status_string(status), found);
}

/// What cuBLAS' documentation recommends: 32 MiB from Hopper on, 4 MiB before.
size_t workspace_bytes() {
  int device = 0, major = 0;
  check(cudaGetDevice(&device), "asking for the current device");
  check(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device), "asking for its capability");
  return size_t{major >= 9 ? 32u : 4u} << 20;
}

struct BlasHandle {
  cublas::Handle handle = nullptr;
  bool tf32 = false;
};

BlasHandle make_handle(DeviceStream stream) {
  const Library& library = cublas_library();
  BlasHandle h;
  check_blas(library.create(&h.handle), "starting cuBLAS");
  check_blas(library.set_stream(h.handle, stream.handle), "giving cuBLAS a stream");
  const size_t bytes = workspace_bytes();
  void* workspace = allocate(bytes);
  GG_CHECK(workspace, GG_CUDA_NS_NAME ": out of memory: cuBLAS needs a workspace of ", bytes, " bytes");
  check_blas(library.set_workspace(h.handle, workspace, bytes), "giving cuBLAS a workspace");
  check_blas(library.set_math_mode(h.handle, cublas::default_math), "setting cuBLAS' precision");
  return h;
}

cublas::Handle handle() {
  const DeviceStream stream = current_stream();
  BlasHandle& h = ThreadHandles<BlasHandle>::get(stream, [&] { return make_handle(stream); });
  if (h.tf32 != allow_tf32()) {
    h.tf32 = allow_tf32();
    const cublas::Math mode = h.tf32 ? cublas::tf32_tensor_op_math : cublas::default_math;
    check_blas(cublas_library().set_math_mode(h.handle, mode), "setting cuBLAS' precision");
  }
  return h.handle;
}

cublas::GemmFunction<float> gemm_of(const Library& l, float) { return l.gemm_f32; }
cublas::GemmFunction<double> gemm_of(const Library& l, double) { return l.gemm_f64; }
cublas::GemmBatchedFunction<float> batched_of(const Library& l, float) { return l.gemm_batched_f32; }
cublas::GemmBatchedFunction<double> batched_of(const Library& l, double) { return l.gemm_batched_f64; }

int checked_int(int64_t size) {
  GG_CHECK(size >= 0 && size <= INT32_MAX, "matmul: sizes and distances must be 0 to 2^31-1 on ", GG_CUDA_NS_NAME,
           ", got ", size, "; split the work");
  return static_cast<int>(size);
}

constexpr int64_t kMaxBatch = 65535;  // what a grid takes along z, and so some of cuBLAS' kernels

}  // namespace

bool& allow_tf32() {
  static bool value = [] {
    const char* wanted = std::getenv("GG_TF32");
    return wanted && std::strcmp(wanted, "1") == 0;
  }();
  return value;
}

template <class T>
void gemm(const Gemm<T>& g) {
  if (g.m == 0 || g.n == 0 || g.batch == 0) return;
  const int m = checked_int(g.m), n = checked_int(g.n), k = checked_int(g.k);
  const int lda = checked_int(g.a.ld), ldb = checked_int(g.b.ld), ldc = checked_int(g.c.ld);
  const auto operation = [](bool transposed) { return transposed ? cublas::op_t : cublas::op_n; };
  const cublas::Operation ta = operation(g.a.transposed), tb = operation(g.b.transposed);
  const Library& library = cublas_library();
  const cublas::Handle blas = handle();
  if (g.batch == 1) {
    check_blas(
        gemm_of(library, T())(blas, ta, tb, m, n, k, &g.alpha, g.a.data, lda, g.b.data, ldb, &g.beta, g.c.data, ldc),
        "a matrix product");
    return;
  }
  for (int64_t first = 0; first < g.batch; first += kMaxBatch) {
    const int count = static_cast<int>(std::min(kMaxBatch, g.batch - first));
    check_blas(batched_of(library, T())(blas, ta, tb, m, n, k, &g.alpha, g.a.data + first * g.a.stride, lda, g.a.stride,
                                        g.b.data + first * g.b.stride, ldb, g.b.stride, &g.beta,
                                        g.c.data + first * g.c.stride, ldc, g.c.stride, count),
               "a batch of matrix products");
  }
}

template void gemm(const Gemm<float>&);
template void gemm(const Gemm<double>&);

}  // namespace gg::GG_CUDA_NS
