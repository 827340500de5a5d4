// The part of cuBLAS that this project calls, declared here so that no build needs cuBLAS' headers, as a table of
// functions. Types, values and signatures are those of cublas_api.h, cuBLAS 12.0 to 13.1
// (https://docs.nvidia.com/cuda/cublas/); tests/emulator/vendor_headers_test.cpp compares them. Matrices are
// column-major. How they are called: cuda/blas.cu.
#pragma once

#include <cstddef>

#include "cuda/device_api.h"

namespace gg::cublas {

struct Context;
using Handle = Context*;

enum Status : int {
  success = 0,
  not_initialized = 1,
  alloc_failed = 3,
  invalid_value = 7,
  arch_mismatch = 8,
  mapping_error = 11,
  execution_failed = 13,
  internal_error = 14,
  not_supported = 15,
};
enum Operation : int { op_n = 0, op_t = 1 };
enum Math : int { default_math = 0, tf32_tensor_op_math = 3 };

template <class T>
using GemmFunction = Status (*)(Handle, Operation a_operation, Operation b_operation, int m, int n, int k,
                                const T* alpha, const T* a, int lda, const T* b, int ldb, const T* beta, T* c, int ldc);
template <class T>
using GemmBatchedFunction = Status (*)(Handle, Operation a_operation, Operation b_operation, int m, int n, int k,
                                       const T* alpha, const T* a, int lda, long long a_stride, const T* b, int ldb,
                                       long long b_stride, const T* beta, T* c, int ldc, long long c_stride, int batch);

struct Library {
  Status (*create)(Handle*);
  Status (*set_stream)(Handle, void* stream);  ///< also takes the workspace away
  Status (*set_workspace)(Handle, void* workspace, size_t bytes);
  Status (*set_math_mode)(Handle, Math);
  const char* (*status_string)(Status);
  GemmFunction<float> gemm_f32;
  GemmFunction<double> gemm_f64;
  GemmBatchedFunction<float> gemm_batched_f32;
  GemmBatchedFunction<double> gemm_batched_f64;
};

/// Calls X(member of Library, name in the library) for each.
#define GG_CUBLAS_FUNCTIONS(X)                   \
  X(create, cublasCreate_v2)                     \
  X(set_stream, cublasSetStream_v2)              \
  X(set_workspace, cublasSetWorkspace_v2)        \
  X(set_math_mode, cublasSetMathMode)            \
  X(status_string, cublasGetStatusString)        \
  X(gemm_f32, cublasSgemm_v2)                    \
  X(gemm_f64, cublasDgemm_v2)                    \
  X(gemm_batched_f32, cublasSgemmStridedBatched) \
  X(gemm_batched_f64, cublasDgemmStridedBatched)

}  // namespace gg::cublas

GG_DEVICE_API(
    /// gg::cuda: NVIDIA's, opened at the first call; throws gg::Error with what to install where it is missing.
    /// gg::emulated: a stand-in that checks every operand (cuda/emulator/blas.cpp).
    const gg::cublas::Library& cublas_library();)
