// What one operation costs beside its arithmetic: chains of 1,000 operations on 16 numbers each.
#include "ops/ops.h"
#include "autograd/autograd.h"
#include "bench/tasks.h"

namespace gg::bench {
namespace {

constexpr int kChain = 1000;

// `op` is one link of the chain from x, and `second` what the gradient of x is differentiated by.
template <class Op>
void chain(const Settings& s, const std::string& name, const Tensor& x, const Tensor& second, Op&& op) {
  auto forward = [&] {
    Tensor y = x;
    for (int i = 0; i < kChain; ++i) y = op(y);
    return y;
  };
  auto row = [&](const char* what, auto&& fn) {
    tell(name + what, measure(s, [&] {
                        fn();
                        synchronize(x.device());
                      }) / kChain);
  };
  row(": no grad", [&] {
    NoGrad off;
    forward();
  });
  row(": recorded", [&] { forward(); });
  row(": + backward", [&] { grad(sum(forward()), x); });
  row(": + second backward", [&] {
    Tensor g = grad(sum(forward()), x, {.create_graph = true});
    grad(sum(g), second);
  });
}

}  // namespace

void run_ops(const Settings& s) {
  manual_seed(1);
  // Factors near 1, so that 1,000 of them neither overflow nor become denormal, which would be slow in the processor.
  const Device device = parse_device(s.device);
  Tensor x = to(rand({16}) + 0.5, device), factor = to(rand({16}) * 0.002 + 0.999, device);
  x = x.detach().requires_grad_();
  factor = factor.detach().requires_grad_();
  chain(s, "mul", x, factor, [&](const Tensor& y) { return y * factor; });
  chain(s, "tanh", x, x, [](const Tensor& y) { return tanh(y); });
}

}  // namespace gg::bench
