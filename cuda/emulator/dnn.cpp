// A stand-in for the convolutions of cuDNN: the same functions, which check that descriptors agree, that every operand
// lies within its allocation and that the workspace is as large as was asked for, and then compute with plain loops and
// sums in double precision. Of the algorithms that it offers only one may be used by callers that want reproducible
// results in bounded memory; the others are there to be passed over.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include "core/error.h"
#include "core/window.h"
#include "cuda/cudnn.h"
#include "cuda/emulator/diagnostics.h"
#include "cuda/emulator/runtime.h"
#include "cuda/emulator/work_count.h"

namespace gg::cudnn {

struct Context {
  emulator::Stream* stream = nullptr;
};
struct TensorDescriptor {
  DataType type = data_float;
  int64_t size[4] = {}, stride[4] = {};

  int64_t reach() const {
    int64_t span = 1;
    for (int i = 0; i < 4; ++i) span += (size[i] - 1) * stride[i];
    return span;
  }
};
struct FilterDescriptor {
  DataType type = data_float;
  Format format = nchw;
  int64_t size[4] = {};  // outputs, inputs of a group, h, w

  int64_t numel() const { return size[0] * size[1] * size[2] * size[3]; }
  int64_t at(int64_t o, int64_t c, int64_t h, int64_t w) const {
    if (format == nhwc) return ((o * size[2] + h) * size[3] + w) * size[1] + c;
    return ((o * size[1] + c) * size[2] + h) * size[3] + w;
  }
};
struct ConvolutionDescriptor {
  Conv2dOptions o;
  DataType type = data_float;
};

}  // namespace gg::cudnn

namespace gg::emulator {
namespace {

using namespace cudnn;

constexpr int kReproducible = 1;  // the algorithm that repeats its bits and asks for little

Status misuse(const std::string& call, const std::string& what) {
  report(call + ": " + what);
  return bad_param;
}

/// One of the three calls, with copies of all descriptors.
struct Job {
  const char* function;
  TensorDescriptor x, y;
  FilterDescriptor w;
  ConvolutionDescriptor convolution;
  const void* x_data;
  const void* w_data;
  const void* y_data;

  int64_t group_in() const { return w.size[1]; }
  int64_t group_out() const { return w.size[0] / convolution.o.groups; }
  std::string text() const {
    const auto sizes = [](const int64_t(&s)[4]) { return str("[", s[0], ",", s[1], ",", s[2], ",", s[3], "]"); };
    return str(function, "(x ", sizes(x.size), ", w ", sizes(w.size), ", y ", sizes(y.size), ")");
  }
  /// Bytes; no round number, so that nobody counts on one.
  size_t workspace() const { return static_cast<size_t>(w.numel()) * 4 + 1236; }

  /// Calls fn(place of y, of w, of x) for every product of the convolution.
  template <class Fn>
  void for_each_product(Fn&& fn) const {
    const Conv2dOptions& o = convolution.o;
    const auto at = [](const TensorDescriptor& t, int64_t n, int64_t c, int64_t h, int64_t w) {
      return n * t.stride[0] + c * t.stride[1] + h * t.stride[2] + w * t.stride[3];
    };
    for (int64_t n = 0; n < x.size[0]; ++n) {
      for (int64_t out = 0; out < w.size[0]; ++out) {
        const int64_t group = out / group_out();
        for (int64_t c = 0; c < group_in(); ++c) {
          for (int64_t i = 0; i < w.size[2]; ++i) {
            for (int64_t j = 0; j < w.size[3]; ++j) {
              for (int64_t oh = 0; oh < y.size[2]; ++oh) {
                const int64_t h = oh * o.stride[0] - o.padding[0] + i * o.dilation[0];
                if (h < 0 || h >= x.size[2]) continue;
                for (int64_t ow = 0; ow < y.size[3]; ++ow) {
                  const int64_t v = ow * o.stride[1] - o.padding[1] + j * o.dilation[1];
                  if (v < 0 || v >= x.size[3]) continue;
                  fn(at(y, n, out, oh, ow), w.at(out, c, i, j), at(x, n, group * group_in() + c, h, v));
                }
              }
            }
          }
        }
      }
    }
  }
};

Status check_job(const Job& job) {
  const Conv2dOptions& o = job.convolution.o;
  const std::string call = job.text();
  if (job.x.type != job.w.type || job.x.type != job.y.type || job.x.type != job.convolution.type) {
    return misuse(call, "the element types differ.");
  }
  if (o.groups < 1 || job.w.size[0] % o.groups != 0 || job.x.size[1] != job.w.size[1] * o.groups) {
    return misuse(call, str("the channels do not fit ", o.groups, " groups."));
  }
  bool fits = job.y.size[0] == job.x.size[0] && job.y.size[1] == job.w.size[0];
  for (int i = 0; i < 2; ++i) fits &= job.y.size[2 + i] == window_places(job.x.size[2 + i], job.w.size[2 + i], o, i);
  if (!fits) return misuse(call, "y does not have the size of this convolution.");
  if (job.w.format == nhwc && (job.x.stride[1] != 1 || job.y.stride[1] != 1)) {
    return misuse(call, "the weight is channels-last, the images are not.");
  }
  return success;
}

Status find(const Job& job, int wanted, int* found, Performance* list) {
  if (const Status status = check_job(job); status != success) return status;
  const Performance offered[] = {
      {0, success, 1.0f, 0, non_deterministic, fma_math, {}},
      {2, success, 2.0f, size_t{1} << 40, deterministic, fma_math, {}},
      {3, not_supported, -1.0f, 0, deterministic, fma_math, {}},
      {kReproducible, success, 3.0f, job.workspace(), deterministic, fma_math, {}},
  };
  *found = std::min<int>(wanted, std::size(offered));
  std::copy_n(offered, *found, list);
  return success;
}

enum class Wanted { y, x, w };

template <class T>
void compute(const Job& job, Wanted wanted) {
  const T* x = static_cast<const T*>(job.x_data);
  const T* w = static_cast<const T*>(job.w_data);
  const T* y = static_cast<const T*>(job.y_data);
  const int64_t count = wanted == Wanted::y ? job.y.reach() : wanted == Wanted::x ? job.x.reach() : job.w.numel();
  std::vector<double> sums(static_cast<size_t>(count), 0.0);
  const auto sum = [&](int64_t i) -> double& { return sums[static_cast<size_t>(i)]; };
  const auto product = [](T a, T b) { return static_cast<double>(a) * static_cast<double>(b); };
  if (wanted == Wanted::y) {
    job.for_each_product([&](int64_t iy, int64_t iw, int64_t ix) { sum(iy) += product(w[iw], x[ix]); });
  } else if (wanted == Wanted::x) {
    job.for_each_product([&](int64_t iy, int64_t iw, int64_t ix) { sum(ix) += product(y[iy], w[iw]); });
  } else {
    job.for_each_product([&](int64_t iy, int64_t iw, int64_t ix) { sum(iw) += product(y[iy], x[ix]); });
  }
  // Gaps between the elements of a strided tensor stay as they are.
  if (wanted == Wanted::w) {
    T* out = static_cast<T*>(const_cast<void*>(job.w_data));
    for (int64_t i = 0; i < count; ++i) out[i] = static_cast<T>(sum(i));
    return;
  }
  const TensorDescriptor& t = wanted == Wanted::y ? job.y : job.x;
  T* out = static_cast<T*>(const_cast<void*>(wanted == Wanted::y ? job.y_data : job.x_data));
  for (int64_t n = 0; n < t.size[0]; ++n) {
    for (int64_t c = 0; c < t.size[1]; ++c) {
      for (int64_t h = 0; h < t.size[2]; ++h) {
        for (int64_t v = 0; v < t.size[3]; ++v) {
          const int64_t i = n * t.stride[0] + c * t.stride[1] + h * t.stride[2] + v * t.stride[3];
          out[i] = static_cast<T>(sum(i));
        }
      }
    }
  }
}

Status run(Handle handle, const Job& job, Wanted wanted, const void* alpha, const void* beta, int algorithm,
           void* workspace, size_t bytes) {
  if (const Status status = check_job(job); status != success) return status;
  const std::string call = job.text();
  const bool is_double = job.x.type == data_double;
  const auto number = [&](const void* p) {
    return is_double ? *static_cast<const double*>(p) : static_cast<double>(*static_cast<const float*>(p));
  };
  if (number(alpha) != 1 || number(beta) != 0) return not_supported;
  if (algorithm != kReproducible) return misuse(call, str("algorithm ", algorithm, " does not repeat its results."));
  if (bytes < job.workspace()) {
    return misuse(call, str("a workspace of ", bytes, " bytes, but the algorithm needs ", job.workspace(), "."));
  }
  const size_t size = is_double ? 8 : 4;
  const auto extent = [&](int64_t elements) { return size * static_cast<size_t>(elements); };
  const Operand operands[] = {{"x", job.x_data, extent(job.x.reach())},
                              {"w", job.w_data, extent(job.w.numel())},
                              {"y", job.y_data, extent(job.y.reach())},
                              {"workspace", workspace, bytes}};
  const auto work = [=] {
    count_library_call(job.function);
    std::memset(workspace, 0xff, bytes);  // the real library leaves its own numbers there
    is_double ? compute<double>(job, wanted) : compute<float>(job, wanted);
  };
  return library_call(call, operands, work, handle->stream) == vocabulary::cudaSuccess ? success : execution_failed;
}

Job job_of(const char* function, Tensor x, Filter w, Convolution c, Tensor y, const void* x_data = nullptr,
           const void* w_data = nullptr, const void* y_data = nullptr) {
  return {function, *x, *y, *w, *c, x_data, w_data, y_data};
}

template <class Descriptor>
Status create(Descriptor** descriptor) {
  *descriptor = new Descriptor;
  return success;
}
template <class Descriptor>
Status destroy(Descriptor* descriptor) {
  delete descriptor;
  return success;
}

Status set_stream(Handle handle, void* stream) {
  handle->stream = static_cast<Stream*>(stream);
  return success;
}

const char* error_string(Status status) {
  switch (status) {
    case success:
      return "CUDNN_STATUS_SUCCESS";
    case bad_param:
      return "CUDNN_STATUS_BAD_PARAM";
    case not_supported:
      return "CUDNN_STATUS_NOT_SUPPORTED";
    case execution_failed:
      return "CUDNN_STATUS_EXECUTION_FAILED";
    default:
      return "CUDNN_STATUS_INTERNAL_ERROR";
  }
}

size_t version() { return 90000; }

Status set_tensor(Tensor t, DataType type, int n, int c, int h, int w, int n_stride, int c_stride, int h_stride,
                  int w_stride) {
  *t = {type, {n, c, h, w}, {n_stride, c_stride, h_stride, w_stride}};
  for (int64_t size : t->size) {
    if (size < 1) return misuse("cudnnSetTensor4dDescriptorEx", str("a size is ", size, "."));
  }
  return success;
}

Status set_filter(Filter f, DataType type, Format format, int outputs, int inputs, int h, int w) {
  *f = {type, format, {outputs, inputs, h, w}};
  for (int64_t size : f->size) {
    if (size < 1) return misuse("cudnnSetFilter4dDescriptor", str("a size is ", size, "."));
  }
  return success;
}

Status set_convolution(Convolution c, int pad_h, int pad_w, int stride_h, int stride_w, int dilation_h, int dilation_w,
                       Mode, DataType compute) {
  c->o.padding = {pad_h, pad_w};
  c->o.stride = {stride_h, stride_w};
  c->o.dilation = {dilation_h, dilation_w};
  c->type = compute;
  if (std::min({stride_h, stride_w, dilation_h, dilation_w}) < 1 || std::min(pad_h, pad_w) < 0) {
    return misuse("cudnnSetConvolution2dDescriptor", "a stride or dilation below 1, or a negative padding.");
  }
  return success;
}

Status set_groups(Convolution c, int groups) {
  c->o.groups = groups;
  return success;
}

Status set_math(Convolution, Math) { return success; }

Status find_forward(Handle, Tensor x, Filter w, Convolution c, Tensor y, int wanted, int* found, Performance* list) {
  return find(job_of("cudnnGetConvolutionForwardAlgorithm_v7", x, w, c, y), wanted, found, list);
}
Status find_input_grad(Handle, Filter w, Tensor dy, Convolution c, Tensor dx, int wanted, int* found,
                       Performance* list) {
  return find(job_of("cudnnGetConvolutionBackwardDataAlgorithm_v7", dx, w, c, dy), wanted, found, list);
}
Status find_weight_grad(Handle, Tensor x, Tensor dy, Convolution c, Filter dw, int wanted, int* found,
                        Performance* list) {
  return find(job_of("cudnnGetConvolutionBackwardFilterAlgorithm_v7", x, dw, c, dy), wanted, found, list);
}

Status forward(Handle h, const void* alpha, Tensor x, const void* x_data, Filter w, const void* w_data, Convolution c,
               int algorithm, void* workspace, size_t bytes, const void* beta, Tensor y, void* y_data) {
  return run(h, job_of("cudnnConvolutionForward", x, w, c, y, x_data, w_data, y_data), Wanted::y, alpha, beta,
             algorithm, workspace, bytes);
}
Status input_grad(Handle h, const void* alpha, Filter w, const void* w_data, Tensor dy, const void* dy_data,
                  Convolution c, int algorithm, void* workspace, size_t bytes, const void* beta, Tensor dx,
                  void* dx_data) {
  return run(h, job_of("cudnnConvolutionBackwardData", dx, w, c, dy, dx_data, w_data, dy_data), Wanted::x, alpha, beta,
             algorithm, workspace, bytes);
}
Status weight_grad(Handle h, const void* alpha, Tensor x, const void* x_data, Tensor dy, const void* dy_data,
                   Convolution c, int algorithm, void* workspace, size_t bytes, const void* beta, Filter dw,
                   void* dw_data) {
  return run(h, job_of("cudnnConvolutionBackwardFilter", x, dw, c, dy, x_data, dw_data, dy_data), Wanted::w, alpha,
             beta, algorithm, workspace, bytes);
}

}  // namespace
}  // namespace gg::emulator

namespace gg::emulated {

const cudnn::Library& cudnn_library() {
  using namespace emulator;
  static constexpr cudnn::Library table = {
      create,  set_stream,   error_string,    version,          create,          set_tensor, destroy,
      create,  set_filter,   destroy,         create,           set_convolution, set_groups, set_math,
      destroy, find_forward, find_input_grad, find_weight_grad, forward,         input_grad, weight_grad};
  return table;
}

}  // namespace gg::emulated
