// Convolution by cuDNN. For each problem its list of algorithms is asked once, and the best one is kept that is
// deterministic, computes in full precision (unless allow_tf32) and fits the workspace; the choice, and so the bits,
// are the same in every run on the same device and library.
#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>

#include "cuda/blas.h"
#include "cuda/conv_problem.h"
#include "cuda/cudnn.h"
#include "cuda/handles.h"
#include "cuda/platform.h"
#include "cuda/scratch.h"

namespace gg::GG_CUDA_NS {
namespace {

using cudnn::Library;
using cudnn::Performance;

constexpr size_t kMaxWorkspace = size_t{256} << 20;
constexpr size_t kMaxPlans = 1024;  // then all are forgotten and made again as they come

void check_cudnn(cudnn::Status status, const char* what) {
  if (status == cudnn::success) return;
  std::string found;
#if defined(GG_CUDA_EMULATE)
  found = str(". Emulator: ", emulator::last_diagnostic());
#endif
  fail(GG_CUDA_NS_NAME, ": ", what, ": cuDNN says: ", cudnn_library().error_string(status), found,
       ". GG_CONV=own does without it");
}

cudnn::Handle handle() {
  const DeviceStream stream = current_stream();
  return ThreadHandles<cudnn::Handle>::get(stream, [&] {
    cudnn::Handle made = nullptr;
    check_cudnn(cudnn_library().create(&made), "starting cuDNN");
    check_cudnn(cudnn_library().set_stream(made, stream.handle), "giving cuDNN a stream");
    return made;
  });
}

/// Everything that decides what cuDNN does: sizes, order in memory, options.
using Key = std::array<int64_t, 21>;

Key key_of(const ConvProblem& q, bool tf32) {
  Key key{};
  size_t n = 0;
  const auto add = [&](int64_t value) { key[n++] = value; };
  add(static_cast<int64_t>(q.kind));
  add(static_cast<int64_t>(q.x.dtype));
  add(q.last);
  add(tf32);
  for (const Array* image : {&q.x, &q.y}) {
    for (int64_t size : image->shape) add(size);
  }
  add(q.kh);
  add(q.kw);
  for (int i = 0; i < 2; ++i) {
    add(q.o.stride[i]);
    add(q.o.padding[i]);
    add(q.o.dilation[i]);
  }
  add(q.o.groups);
  return key;
}

/// cuDNN counts in ints.
bool fits_int(const ConvProblem& q, const Key& key) {
  int64_t largest = std::max(q.x.numel(), q.y.numel());
  for (int64_t value : key) largest = std::max(largest, value);
  return largest <= INT32_MAX;
}

/// Whether cuDNN says that it does not take such sizes or layouts, and has done nothing.
bool is_refusal(cudnn::Status status) { return status >= cudnn::not_supported && status < cudnn::internal_error; }

/// Descriptors and the algorithm of one problem.
class Plan {
 public:
  Plan(const ConvProblem& q, bool tf32, cudnn::Handle handle) {
    check_cudnn(library_.create_tensor(&x_), "describing an image");
    check_cudnn(library_.create_tensor(&y_), "describing an image");
    check_cudnn(library_.create_filter(&w_), "describing a weight");
    check_cudnn(library_.create_convolution(&convolution_), "describing a convolution");
    const cudnn::Status status = describe(q, tf32);
    if (is_refusal(status)) return;
    check_cudnn(status, "describing a convolution");
    choose(q, handle);
  }
  ~Plan() {
    if (x_) library_.destroy_tensor(x_);
    if (y_) library_.destroy_tensor(y_);
    if (w_) library_.destroy_filter(w_);
    if (convolution_) library_.destroy_convolution(convolution_);
  }
  Plan(const Plan&) = delete;
  Plan& operator=(const Plan&) = delete;

  /// False, with nothing done, where cuDNN cannot.
  bool run(const ConvProblem& q, cudnn::Handle handle) const {
    if (!possible_) return false;
    const DeviceScratch workspace(workspace_, Device::GG_CUDA_NS);
    const cudnn::Status status = visit_floating(
        q.x.dtype, "conv2d", [&]<class T>() { return call(q, handle, workspace.as<void>(), T(1), T(0)); });
    if (is_refusal(status)) {
      possible_ = false;
      return false;
    }
    check_cudnn(status, "a convolution");
    return true;
  }

 private:
  cudnn::Status describe(const ConvProblem& q, bool tf32) const {
    const auto type = q.x.dtype == f32 ? cudnn::data_float : cudnn::data_double;
    const auto narrow = [](int64_t v) { return static_cast<int>(v); };
    const auto describe_image = [&](cudnn::Tensor to, const Shape& s) {
      const int n = narrow(s[0]), c = narrow(s[1]), h = narrow(s[2]), w = narrow(s[3]);
      if (q.last) return library_.set_tensor(to, type, n, c, h, w, h * w * c, 1, w * c, c);
      return library_.set_tensor(to, type, n, c, h, w, c * h * w, h * w, w, 1);
    };
    const Conv2dOptions& o = q.o;
    const auto format = q.last ? cudnn::nhwc : cudnn::nchw;
    cudnn::Status status = describe_image(x_, q.x.shape);
    if (status == cudnn::success) status = describe_image(y_, q.y.shape);
    if (status == cudnn::success) {
      status =
          library_.set_filter(w_, type, format, narrow(q.y.shape[1]), narrow(q.group_in()), narrow(q.kh), narrow(q.kw));
    }
    if (status == cudnn::success) {
      status = library_.set_convolution(convolution_, narrow(o.padding[0]), narrow(o.padding[1]), narrow(o.stride[0]),
                                        narrow(o.stride[1]), narrow(o.dilation[0]), narrow(o.dilation[1]),
                                        cudnn::cross_correlation, type);
    }
    if (status == cudnn::success) status = library_.set_groups(convolution_, narrow(o.groups));
    if (status == cudnn::success)
      status = library_.set_math(convolution_, tf32 ? cudnn::default_math : cudnn::fma_math);
    return status;
  }

  /// The first, which is the fastest, of cuDNN's algorithms that we may use. The descriptor's precision holds whatever
  /// the list says; what lists tensor cores is left out, since its workspace may be for them.
  void choose(const ConvProblem& q, cudnn::Handle handle) {
    constexpr int kMost = 16;
    Performance list[kMost] = {};
    int found = 0;
    const cudnn::Status status = q.kind == ConvKind::forward
                                     ? library_.find_forward(handle, x_, w_, convolution_, y_, kMost, &found, list)
                                 : q.kind == ConvKind::input_grad
                                     ? library_.find_input_grad(handle, w_, y_, convolution_, x_, kMost, &found, list)
                                     : library_.find_weight_grad(handle, x_, y_, convolution_, w_, kMost, &found, list);
    if (is_refusal(status)) return;
    check_cudnn(status, "asking for a convolution's algorithms");
    for (int i = 0; i < found; ++i) {
      const Performance& p = list[i];
      const bool plain = p.math == cudnn::default_math || p.math == cudnn::fma_math;
      if (p.status != cudnn::success || p.determinism != cudnn::deterministic || !plain) continue;
      if (p.memory > kMaxWorkspace) continue;
      algorithm_ = p.algorithm;
      workspace_ = p.memory;
      possible_ = true;
      return;
    }
  }

  template <class T>
  cudnn::Status call(const ConvProblem& q, cudnn::Handle handle, void* workspace, T one, T zero) const {
    switch (q.kind) {
      case ConvKind::forward:
        return library_.forward(handle, &one, x_, q.x.data, w_, q.w.data, convolution_, algorithm_, workspace,
                                workspace_, &zero, y_, q.y.data);
      case ConvKind::input_grad:
        return library_.input_grad(handle, &one, w_, q.w.data, y_, q.y.data, convolution_, algorithm_, workspace,
                                   workspace_, &zero, x_, q.x.data);
      default:
        return library_.weight_grad(handle, &one, x_, q.x.data, y_, q.y.data, convolution_, algorithm_, workspace,
                                    workspace_, &zero, w_, q.w.data);
    }
  }

  const Library& library_ = cudnn_library();
  cudnn::Tensor x_ = nullptr, y_ = nullptr;
  cudnn::Filter w_ = nullptr;
  cudnn::Convolution convolution_ = nullptr;
  mutable std::atomic<bool> possible_ = false;
  int algorithm_ = 0;
  size_t workspace_ = 0;
};

std::shared_ptr<const Plan> plan_for(const ConvProblem& q, cudnn::Handle handle) {
  static std::mutex mutex;
  static std::map<Key, std::shared_ptr<const Plan>>& plans = *new std::map<Key, std::shared_ptr<const Plan>>;
  const bool tf32 = allow_tf32() && q.x.dtype == f32;
  const Key key = key_of(q, tf32);
  if (!fits_int(q, key)) return nullptr;
  std::lock_guard lock(mutex);
  if (auto at = plans.find(key); at != plans.end()) return at->second;
  auto plan = std::make_shared<const Plan>(q, tf32, handle);
  if (plans.size() >= kMaxPlans) plans.clear();
  plans.emplace(key, plan);
  return plan;
}

}  // namespace

bool conv_by_cudnn(const ConvProblem& q) {
  const cudnn::Handle dnn = handle();
  const auto plan = plan_for(q, dnn);
  return plan && plan->run(q, dnn);
}

bool has_cudnn() {
  static const bool found = [] {
    try {
      cudnn_library();
      return true;
    } catch (const Error&) {
      return false;
    }
  }();
  return found;
}

}  // namespace gg::GG_CUDA_NS
