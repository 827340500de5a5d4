// The part of cuDNN that this project calls, declared here so that no build needs cuDNN's headers, as a table of
// functions. Types, values and signatures are those of cudnn_graph.h, cudnn_ops.h and cudnn_cnn.h, cuDNN 9.0 to 9.19
// (https://docs.nvidia.com/deeplearning/cudnn/): the calls that version 7 brought, which version 9 keeps although it
// recommends its graph interface. tests/emulator/vendor_headers_test.cpp compares them. How they are called:
// cuda/conv_cudnn.cu.
#pragma once

#include <cstddef>

#include "cuda/device_api.h"

namespace gg::cudnn {

struct Context;
struct TensorDescriptor;
struct FilterDescriptor;
struct ConvolutionDescriptor;
using Handle = Context*;
using Tensor = TensorDescriptor*;
using Filter = FilterDescriptor*;
using Convolution = ConvolutionDescriptor*;

enum Status : int {
  success = 0,
  not_initialized = 1001,
  bad_param = 2000,
  not_supported = 3000,
  internal_error = 4000,
  execution_failed = 5000,
};
enum DataType : int { data_float = 0, data_double = 1 };
enum Format : int { nchw = 0, nhwc = 1 };
enum Mode : int { cross_correlation = 1 };
/// `default_math` admits TF32; `fma_math` does not.
enum Math : int { default_math = 0, fma_math = 3 };
enum Determinism : int { non_deterministic = 0, deterministic = 1 };

/// How one algorithm is expected to do; the list is sorted, best first. Algorithms are numbers here: each of the three
/// directions has an enumeration of its own.
struct Performance {
  int algorithm;
  Status status;
  float time;
  size_t memory;  ///< bytes of workspace
  Determinism determinism;
  Math math;
  int reserved[3];
};

struct Library {
  Status (*create)(Handle*);
  Status (*set_stream)(Handle, void* stream);
  const char* (*error_string)(Status);
  size_t (*version)();

  Status (*create_tensor)(Tensor*);
  Status (*set_tensor)(Tensor, DataType, int n, int c, int h, int w, int n_stride, int c_stride, int h_stride,
                       int w_stride);
  Status (*destroy_tensor)(Tensor);
  Status (*create_filter)(Filter*);
  Status (*set_filter)(Filter, DataType, Format, int outputs, int inputs_of_group, int h, int w);
  Status (*destroy_filter)(Filter);
  Status (*create_convolution)(Convolution*);
  Status (*set_convolution)(Convolution, int pad_h, int pad_w, int stride_h, int stride_w, int dilation_h,
                            int dilation_w, Mode, DataType compute);
  Status (*set_groups)(Convolution, int groups);
  Status (*set_math)(Convolution, Math);
  Status (*destroy_convolution)(Convolution);

  Status (*find_forward)(Handle, Tensor x, Filter w, Convolution, Tensor y, int wanted, int* found, Performance*);
  Status (*find_input_grad)(Handle, Filter w, Tensor dy, Convolution, Tensor dx, int wanted, int* found, Performance*);
  Status (*find_weight_grad)(Handle, Tensor x, Tensor dy, Convolution, Filter dw, int wanted, int* found, Performance*);

  Status (*forward)(Handle, const void* alpha, Tensor, const void* x, Filter, const void* w, Convolution, int algorithm,
                    void* workspace, size_t bytes, const void* beta, Tensor, void* y);
  Status (*input_grad)(Handle, const void* alpha, Filter, const void* w, Tensor, const void* dy, Convolution,
                       int algorithm, void* workspace, size_t bytes, const void* beta, Tensor, void* dx);
  Status (*weight_grad)(Handle, const void* alpha, Tensor, const void* x, Tensor, const void* dy, Convolution,
                        int algorithm, void* workspace, size_t bytes, const void* beta, Filter, void* dw);
};

/// Calls X(member of Library, name in the library) for each.
#define GG_CUDNN_FUNCTIONS(X)                                        \
  X(create, cudnnCreate)                                             \
  X(set_stream, cudnnSetStream)                                      \
  X(error_string, cudnnGetErrorString)                               \
  X(version, cudnnGetVersion)                                        \
  X(create_tensor, cudnnCreateTensorDescriptor)                      \
  X(set_tensor, cudnnSetTensor4dDescriptorEx)                        \
  X(destroy_tensor, cudnnDestroyTensorDescriptor)                    \
  X(create_filter, cudnnCreateFilterDescriptor)                      \
  X(set_filter, cudnnSetFilter4dDescriptor)                          \
  X(destroy_filter, cudnnDestroyFilterDescriptor)                    \
  X(create_convolution, cudnnCreateConvolutionDescriptor)            \
  X(set_convolution, cudnnSetConvolution2dDescriptor)                \
  X(set_groups, cudnnSetConvolutionGroupCount)                       \
  X(set_math, cudnnSetConvolutionMathType)                           \
  X(destroy_convolution, cudnnDestroyConvolutionDescriptor)          \
  X(find_forward, cudnnGetConvolutionForwardAlgorithm_v7)            \
  X(find_input_grad, cudnnGetConvolutionBackwardDataAlgorithm_v7)    \
  X(find_weight_grad, cudnnGetConvolutionBackwardFilterAlgorithm_v7) \
  X(forward, cudnnConvolutionForward)                                \
  X(input_grad, cudnnConvolutionBackwardData)                        \
  X(weight_grad, cudnnConvolutionBackwardFilter)

}  // namespace gg::cudnn

GG_DEVICE_API(
    /// gg::cuda: NVIDIA's, opened at the first call; throws gg::Error with what to install where it is missing.
    /// gg::emulated: a stand-in that checks every operand (cuda/emulator/dnn.cpp).
    const gg::cudnn::Library& cudnn_library();)
