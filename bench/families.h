// What a kernel of each family reaches on one large operation: bytes or FLOPs by the second, against the machine's
// limits. Bytes are those that any implementation must move (each input read once, each output written once), FLOPs
// those of the products. On the CPU arrays are larger than caches, but where a call would take long; several calls are
// timed together on a GPU, so that the start of a kernel and the wait for it do not count.
#pragma once

#include <string>
#include <vector>

#include "autograd/autograd.h"
#include "bench/measure.h"
#include "core/device.h"
#include "ops/ops.h"

namespace gg::bench {

/// The sizes, and how rows are measured.
class FamilyRows {
 public:
  explicit FamilyRows(const Settings& s)
      : settings_(s),
        device_(parse_device(s.device)),
        cuda_(device_.type == Device::cuda),
        emulated_(device_.type == Device::emulated),
        columns_(emulated_ ? 64 : 1024),
        rows_(emulated_ ? 64
              : cuda_   ? 65'536
                        : 16'384) {}

 protected:
  Tensor noise(const Shape& shape) const { return randn(shape, {f32, device_}); }
  Tensor matrix() const { return noise({rows_, columns_}); }
  double array_bytes() const { return 4.0 * static_cast<double>(rows_ * columns_); }

  template <class Fn>
  void timed(const std::string& name, const Work& work, Fn&& fn) {
    if (name.find(settings_.row) == std::string::npos) return;
    NoGrad off;
    const int calls = cuda_ ? 10 : 1;
    const double seconds = measure(settings_, [&] {
      for (int i = 0; i < calls; ++i) fn();
      synchronize(device_);
    });
    tell(name, seconds / calls, work);
  }
  // fn(inputs), and the derivative of it with respect to them all.
  template <class Fn>
  void timed_with_grad(const std::string& name, const Work& work, const Work& work_of_gradient,
                       const std::vector<Tensor>& inputs, Fn&& fn) {
    timed(name, work, [&] { fn(inputs); });
    const std::string backward = name + ", backward";
    if (backward.find(settings_.row) == std::string::npos) return;
    std::vector<Tensor> x;
    for (const Tensor& input : inputs) x.push_back(input.detach().requires_grad_());
    const Tensor y = fn(x), g = randn_like(y);
    timed(backward, work_of_gradient, [&] { grad(y, x, {.grad_outputs = {g}, .retain_graph = true}); });
  }
  // `arrays` of the size of matrix() are moved at least.
  template <class Fn>
  void row(const char* name, double arrays, Fn&& fn) {
    timed(name, {.bytes = arrays * array_bytes()}, fn);
  }
  template <class Fn>
  void row_with_grad(const std::string& name, double arrays, double arrays_of_gradient, const Tensor& input, Fn&& fn) {
    timed_with_grad(name, {.bytes = arrays * array_bytes()}, {.bytes = arrays_of_gradient * array_bytes()}, {input},
                    [&](const std::vector<Tensor>& x) { return fn(x[0]); });
  }

  Settings settings_;
  Device device_;
  bool cuda_, emulated_;
  int64_t columns_, rows_;
};

// families_layers.cpp
void run_family_layers(const Settings& settings);

}  // namespace gg::bench
