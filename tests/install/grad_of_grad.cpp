// The third derivative of Σ x⁴ by three calls of grad: 24 x.
#include <iostream>

#include "autograd/autograd.h"
#include "ops/ops.h"

int main() {
  gg::Tensor x = gg::tensor({1, 2, 3});
  x.requires_grad_();
  gg::Tensor y = gg::sum(gg::square(gg::square(x)));
  for (int order = 1; order <= 3; ++order) y = gg::sum(gg::grad(y, x, {.create_graph = true}));
  std::cout << "sum of third derivatives: " << y.item() << "\n";

  // Products go through the libraries that the package has to bring along.
  gg::Tensor a = gg::ones({200, 300}), b = gg::ones({300, 100});
  std::cout << "matmul: " << gg::sum(gg::matmul(a, b)).item() << "\n";
  return y.item() == 24 * 6 && gg::sum(gg::matmul(a, b)).item() == 200.0 * 300 * 100 ? 0 : 1;
}
