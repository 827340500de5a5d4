// What cuda/cublas.h and cuda/cudnn.h declare against NVIDIA's own headers, where the build has them: every function
// must take and return the same kinds of values in the same order, and every constant must have the same value. Then
// the libraries themselves, where they are installed: every function must be there. Needs no GPU.
#include <gtest/gtest.h>

#include <cstring>
#include <initializer_list>
#include <iostream>
#include <type_traits>

#include "core/error.h"
#include "cuda/cublas.h"
#include "cuda/cudnn.h"
#include "cuda/library.h"

#if __has_include(<cublas_v2.h>)
#include <cublas_v2.h>
#define GG_HAS_CUBLAS_HEADER (CUBLAS_VER_MAJOR >= 12)
#endif

#if __has_include(<cudnn.h>) && __has_include(<cuda_runtime_api.h>)
#include <cudnn.h>
#define GG_HAS_CUDNN_HEADER (CUDNN_MAJOR >= 9)
#endif

namespace gg {
namespace {

/// Whether a value of one type can stand for one of the other in a call: equal arithmetic types, enumerations and ints
/// of one size, and pointers, whose targets must be alike too unless one is opaque.
template <class A, class B>
constexpr bool alike() {
  if constexpr (std::is_same_v<A, B>) {
    return true;
  } else if constexpr (std::is_pointer_v<A> && std::is_pointer_v<B>) {
    using To = std::remove_pointer_t<A>;
    using From = std::remove_pointer_t<B>;
    constexpr bool opaque = std::is_void_v<To> || std::is_void_v<From> || std::is_class_v<To> || std::is_class_v<From>;
    return std::is_const_v<To> == std::is_const_v<From> &&
           (opaque || alike<std::remove_const_t<To>, std::remove_const_t<From>>());
  } else if constexpr (std::is_enum_v<A> || std::is_enum_v<B>) {
    return (std::is_enum_v<A> || std::is_same_v<A, int>)&&(std::is_enum_v<B> || std::is_same_v<B, int>)&&sizeof(A) ==
           sizeof(B);
  } else {
    return false;
  }
}

template <class Ours, class Real>
struct SameCall : std::false_type {};
template <class R, class... P, class RealR, class... RealP>
requires(sizeof...(P) == sizeof...(RealP)) struct SameCall<R (*)(P...), RealR (*)(RealP...)>
    : std::bool_constant<alike<R, RealR>() && (alike<std::remove_cv_t<P>, std::remove_cv_t<RealP>>() && ...)> {
};

TEST(VendorHeaders, TheComparisonItselfSeesDifferences) {
  struct Opaque;
  enum Small : char { a };
  EXPECT_TRUE((SameCall<int (*)(Opaque*, int), int (*)(void*, int)>::value));
  EXPECT_FALSE((SameCall<int (*)(int, int), int (*)(int)>::value));
  EXPECT_FALSE((SameCall<int (*)(long long), int (*)(int)>::value));
  EXPECT_FALSE((SameCall<int (*)(const float*), int (*)(const double*)>::value));
  EXPECT_FALSE((SameCall<int (*)(const float*), int (*)(float*)>::value));
  EXPECT_FALSE((SameCall<int (*)(Small), int (*)(int)>::value));
}

#if GG_HAS_CUBLAS_HEADER
TEST(VendorHeaders, CublasIsDeclaredAsItIs) {
#define GG_COMPARE(member, name)                                                             \
  static_assert(SameCall<decltype(cublas::Library::member), decltype(&::name)>::value, #name \
                " is declared "                                                              \
                "otherwise");
  GG_CUBLAS_FUNCTIONS(GG_COMPARE)
#undef GG_COMPARE
  EXPECT_EQ(int{cublas::success}, int{CUBLAS_STATUS_SUCCESS});
  EXPECT_EQ(int{cublas::not_initialized}, int{CUBLAS_STATUS_NOT_INITIALIZED});
  EXPECT_EQ(int{cublas::alloc_failed}, int{CUBLAS_STATUS_ALLOC_FAILED});
  EXPECT_EQ(int{cublas::invalid_value}, int{CUBLAS_STATUS_INVALID_VALUE});
  EXPECT_EQ(int{cublas::arch_mismatch}, int{CUBLAS_STATUS_ARCH_MISMATCH});
  EXPECT_EQ(int{cublas::mapping_error}, int{CUBLAS_STATUS_MAPPING_ERROR});
  EXPECT_EQ(int{cublas::execution_failed}, int{CUBLAS_STATUS_EXECUTION_FAILED});
  EXPECT_EQ(int{cublas::internal_error}, int{CUBLAS_STATUS_INTERNAL_ERROR});
  EXPECT_EQ(int{cublas::not_supported}, int{CUBLAS_STATUS_NOT_SUPPORTED});
  EXPECT_EQ(int{cublas::op_n}, int{CUBLAS_OP_N});
  EXPECT_EQ(int{cublas::op_t}, int{CUBLAS_OP_T});
  EXPECT_EQ(int{cublas::default_math}, int{CUBLAS_DEFAULT_MATH});
  EXPECT_EQ(int{cublas::tf32_tensor_op_math}, int{CUBLAS_TF32_TENSOR_OP_MATH});
}
#else
TEST(VendorHeaders, CublasIsDeclaredAsItIs) { GTEST_SKIP() << "this build has no headers of cuBLAS 12 or newer"; }
#endif

#if GG_HAS_CUDNN_HEADER
TEST(VendorHeaders, CudnnIsDeclaredAsItIs) {
#define GG_COMPARE(member, name) \
  static_assert(SameCall<decltype(cudnn::Library::member), decltype(&::name)>::value, #name " is declared otherwise");
  GG_CUDNN_FUNCTIONS(GG_COMPARE)
#undef GG_COMPARE
  EXPECT_EQ(int{cudnn::success}, int{CUDNN_STATUS_SUCCESS});
  EXPECT_EQ(int{cudnn::not_initialized}, int{CUDNN_STATUS_NOT_INITIALIZED});
  EXPECT_EQ(int{cudnn::bad_param}, int{CUDNN_STATUS_BAD_PARAM});
  EXPECT_EQ(int{cudnn::not_supported}, int{CUDNN_STATUS_NOT_SUPPORTED});
  EXPECT_EQ(int{cudnn::internal_error}, int{CUDNN_STATUS_INTERNAL_ERROR});
  EXPECT_EQ(int{cudnn::execution_failed}, int{CUDNN_STATUS_EXECUTION_FAILED});
  EXPECT_EQ(int{cudnn::data_float}, int{CUDNN_DATA_FLOAT});
  EXPECT_EQ(int{cudnn::data_double}, int{CUDNN_DATA_DOUBLE});
  EXPECT_EQ(int{cudnn::nchw}, int{CUDNN_TENSOR_NCHW});
  EXPECT_EQ(int{cudnn::nhwc}, int{CUDNN_TENSOR_NHWC});
  EXPECT_EQ(int{cudnn::cross_correlation}, int{CUDNN_CROSS_CORRELATION});
  EXPECT_EQ(int{cudnn::default_math}, int{CUDNN_DEFAULT_MATH});
  EXPECT_EQ(int{cudnn::fma_math}, int{CUDNN_FMA_MATH});
  EXPECT_EQ(int{cudnn::non_deterministic}, int{CUDNN_NON_DETERMINISTIC});
  EXPECT_EQ(int{cudnn::deterministic}, int{CUDNN_DETERMINISTIC});
}

template <class Real>
void compare_performance() {
  EXPECT_EQ(sizeof(cudnn::Performance), sizeof(Real));
  EXPECT_EQ(offsetof(cudnn::Performance, algorithm), offsetof(Real, algo));
  EXPECT_EQ(offsetof(cudnn::Performance, status), offsetof(Real, status));
  EXPECT_EQ(offsetof(cudnn::Performance, time), offsetof(Real, time));
  EXPECT_EQ(offsetof(cudnn::Performance, memory), offsetof(Real, memory));
  EXPECT_EQ(offsetof(cudnn::Performance, determinism), offsetof(Real, determinism));
  EXPECT_EQ(offsetof(cudnn::Performance, math), offsetof(Real, mathType));
}

TEST(VendorHeaders, CudnnListsAlgorithmsAsWeReadThem) {
  compare_performance<cudnnConvolutionFwdAlgoPerf_t>();
  compare_performance<cudnnConvolutionBwdDataAlgoPerf_t>();
  compare_performance<cudnnConvolutionBwdFilterAlgoPerf_t>();
}
#else
TEST(VendorHeaders, CudnnIsDeclaredAsItIs) { GTEST_SKIP() << "this build has no headers of cuDNN 9"; }
#endif

/// Skips where the library is missing, with its message, which must say what to install.
template <class Load>
void load_or_skip(Load load) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the sanitizers would report what the libraries do";
#endif
  try {
    load();
  } catch (const Error& error) {
    EXPECT_NE(std::strstr(error.what(), "install"), nullptr) << error.what();
    GTEST_SKIP() << error.what();
  }
}

TEST(VendorLibraries, CublasHasEveryFunction) {
  load_or_skip([] { EXPECT_NE(cuda::cublas_library().create, nullptr); });
}

TEST(VendorLibraries, CudnnHasEveryFunction) {
  load_or_skip([] { EXPECT_GE(cuda::cudnn_library().version(), 90000u); });
}

TEST(VendorLibraries, WhatIsMissingIsNamed) {
  const SharedLibrary none{"libgradgrad-none.so.1", "libgradgrad-none.so.2"};
  EXPECT_FALSE(none);
  EXPECT_NE(none.reason().find("libgradgrad-none.so.1"), std::string::npos) << none.reason();
  const SharedLibrary c{"libgradgrad-none.so.1", "libc.so.6"};
  ASSERT_TRUE(c) << c.reason();
  EXPECT_EQ(c.name(), "libc.so.6");
  EXPECT_NE(c.symbol("malloc"), nullptr);
  try {
    c.symbol("gradgrad_none");
    ADD_FAILURE() << "a function that no library has was found";
  } catch (const Error& error) {
    EXPECT_NE(std::strstr(error.what(), "libc.so.6 has no function gradgrad_none"), nullptr) << error.what();
  }
}

// Every function of the tables, asked for one by one: the message of the tables themselves names the first only.
TEST(VendorLibraries, HaveTheFunctionsOfTheTables) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the sanitizers would report what the libraries do";
#endif
  const auto missing = [](const SharedLibrary& library, std::initializer_list<const char*> names) {
    int found = 0;
    for (const char* name : names) {
      try {
        library.symbol(name);
        ++found;
      } catch (const Error& error) {
        ADD_FAILURE() << error.what();
      }
    }
    std::cout << library.name() << ": " << found << " of " << names.size() << " functions\n";
  };
  const SharedLibrary blas{"libcublas.so.13", "libcublas.so.12"}, dnn{"libcudnn.so.9"};
#define GG_NAME(member, name) #name,
  if (blas) missing(blas, {GG_CUBLAS_FUNCTIONS(GG_NAME)});
  if (dnn) missing(dnn, {GG_CUDNN_FUNCTIONS(GG_NAME)});
#undef GG_NAME
  if (!blas || !dnn) GTEST_SKIP() << (blas ? "" : blas.reason()) << "; " << (dnn ? "" : dnn.reason());
}

// Descriptors need no GPU: cuDNN's own arithmetic must accept ours.
TEST(VendorLibraries, CudnnTakesOurDescriptors) {
  load_or_skip([] {
    const cudnn::Library& library = cuda::cudnn_library();
    cudnn::Tensor tensor = nullptr;
    cudnn::Filter filter = nullptr;
    cudnn::Convolution convolution = nullptr;
    ASSERT_EQ(library.create_tensor(&tensor), cudnn::success);
    ASSERT_EQ(library.create_filter(&filter), cudnn::success);
    ASSERT_EQ(library.create_convolution(&convolution), cudnn::success);
    EXPECT_EQ(library.set_tensor(tensor, cudnn::data_float, 2, 4, 9, 7, 252, 63, 7, 1), cudnn::success);
    EXPECT_EQ(library.set_tensor(tensor, cudnn::data_double, 2, 4, 9, 7, 252, 1, 28, 4), cudnn::success);
    EXPECT_EQ(library.set_filter(filter, cudnn::data_float, cudnn::nhwc, 6, 2, 3, 3), cudnn::success);
    EXPECT_EQ(library.set_convolution(convolution, 1, 2, 2, 1, 1, 3, cudnn::cross_correlation, cudnn::data_float),
              cudnn::success);
    EXPECT_EQ(library.set_groups(convolution, 2), cudnn::success);
    EXPECT_EQ(library.set_math(convolution, cudnn::fma_math), cudnn::success);
    EXPECT_NE(library.set_convolution(convolution, 1, 2, 0, 1, 1, 3, cudnn::cross_correlation, cudnn::data_float),
              cudnn::success);
    library.destroy_tensor(tensor);
    library.destroy_filter(filter);
    library.destroy_convolution(convolution);
  });
}

}  // namespace
}  // namespace gg
