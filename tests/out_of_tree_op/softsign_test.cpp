#include "softsign.h"

#include <cmath>
#include <iostream>

#include "autograd/autograd.h"
#include "autograd/functional/gradcheck.h"
#include "ops/shape.h"

int main() {
  gg::Tensor x = gg::tensor({-30, -2, -0.25, 0.125, 1, 700}, {.dtype = gg::f64});
  bool ok = true;

  // The value against the formula written for plain numbers.
  std::vector<double> in = x.to_vector<double>(), out = my::softsign(x).to_vector<double>();
  for (size_t i = 0; i < in.size(); ++i) ok &= std::abs(out[i] - in[i] / (1 + std::fabs(in[i]))) < 1e-15;
  std::cout << "value: " << (ok ? "ok" : "wrong") << "\n";

  // The same kernels where a GPU would run them, on the emulator.
  if (gg::is_available(gg::Device::emulated)) {
    gg::Tensor there = gg::to(x, gg::Device::emulated);
    out = gg::to(my::softsign(there), gg::Device::cpu).to_vector<double>();
    for (size_t i = 0; i < in.size(); ++i) ok &= std::abs(out[i] - in[i] / (1 + std::fabs(in[i]))) < 1e-15;
    std::cout << "emulated: " << (ok ? "ok" : "wrong") << "\n";
  }

  // First and second derivatives against finite differences, in reverse and in forward mode.
  x.requires_grad_();
  gg::GradcheckResult first = gg::gradcheck(my::softsign, x), second = gg::gradgradcheck(my::softsign, x);
  std::cout << "gradcheck: " << (first.ok ? "ok" : first.message) << "\n";
  std::cout << "gradgradcheck: " << (second.ok ? "ok" : second.message) << "\n";
  return ok && first.ok && second.ok ? 0 : 1;
}
