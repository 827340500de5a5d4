// Large operations of each family: arithmetic, layouts, reductions, products. Those that are made of several of them,
// and layers: families_layers.cpp.
#include "bench/families.h"
#include "bench/tasks.h"

namespace gg::bench {
namespace {

class Families : FamilyRows {
 public:
  using FamilyRows::FamilyRows;

  void run() {
    manual_seed(1);
    elementwise();
    layouts();
    reductions();
    rows();
    norms();
    indices();
    windows();
    random();
    products();
  }

 private:
  void elementwise() {
    const Tensor x = matrix(), y = matrix();
    row("copy", 2, [&] { clone(x); });
    row("add", 3, [&] { x + y; });
    row("add a row", 2, [&, r = noise({columns_})] { x + r; });
    row("add a column", 2, [&, c = noise({rows_, 1})] { x + c; });
    row("exp", 2, [&] { exp(x); });
    row_with_grad("tanh", 2, 3, x, [](const Tensor& t) { return tanh(t); });
    row_with_grad("sigmoid", 2, 3, x, [](const Tensor& t) { return sigmoid(t); });
    row_with_grad("gelu", 2, 3, x, [](const Tensor& t) { return gelu(t); });
    const Tensor w = x.detach().requires_grad_(), v = tanh(w), g = randn_like(v).detach().requires_grad_();
    const Tensor first = grad(v, w, {.grad_outputs = {g}, .create_graph = true});
    row("tanh, second backward", 5, [&] { grad(first, {w, g}, {.grad_outputs = {y}, .retain_graph = true}); });
  }

  void layouts() {
    const Tensor x = matrix(), y = noise({columns_, rows_});
    row("transposed copy", 2, [&, t = transpose(y)] { contiguous(t); });
    row("add a transposed", 3, [&, t = transpose(y)] { x + t; });
    row("every second column", 1, [&] { contiguous(slice(x, 1, 0, kEnd, 2)); });
    row("concat", 4, [&, z = matrix()] { concat({x, z}, 1); });
  }

  void reductions() {
    const Tensor x = matrix();
    row("sum", 1, [&] { sum(x); });
    row("sum of rows", 1, [&] { sum(x, {1}); });
    row("sum of columns", 1, [&] { sum(x, {0}); });
    row("var of rows", 1, [&] { var(x, {1}); });
    row("max of rows", 1, [&] { max(x, 1); });
    row("argmax of columns", 1, [&] { argmax(x, 0); });
  }

  void rows() {
    row_with_grad("softmax", 2, 3, matrix(), [](const Tensor& t) { return softmax(t); });
    row_with_grad("softmax of columns", 2, 3, matrix(), [](const Tensor& t) { return softmax(t, 0); });
    const int64_t wide = emulated_ ? 256 : 65'536;
    row_with_grad("log_softmax, wide rows", 2, 3, noise({rows_ * columns_ / wide, wide}),
                  [](const Tensor& t) { return log_softmax(t); });
    const Tensor target = randint(0, columns_, {rows_}, {i64, device_});
    row_with_grad("cross-entropy", 1, 2, matrix(), [&](const Tensor& t) { return softmax_cross_entropy(t, target); });
  }

  void norms() {
    const Tensor w = noise({columns_}), b = noise({columns_});
    row_with_grad("layer_norm", 2, 3, matrix(), [&](const Tensor& t) { return layer_norm(t, w, b); });
    const int64_t channels = 64, side = emulated_ ? 4 : 32;
    const Tensor wc = noise({channels}), bc = noise({channels});
    const Tensor images = noise({rows_ * columns_ / (channels * side * side), channels, side, side});
    row_with_grad("batch_norm", 2, 3, images, [&](const Tensor& t) { return batch_norm(t, wc, bc); });
  }

  void indices() {
    const int64_t width = 128, count = rows_ * columns_ / width;
    const Tensor table = noise({count, width}), index = randint(0, count, {count}, {i64, device_});
    const Tensor elements = randint(0, columns_, {rows_, columns_}, {i64, device_}), x = matrix();
    row("index_select", 2, [&] { index_select(table, 0, index); });
    row("index_add", 2, [&] { index_add_zeros(table, 0, index, count); });
    row("gather", 4, [&] { gather(x, 1, elements); });
    row("scatter_add", 5, [&] { scatter_add(x, 1, elements, x); });
  }

  void windows() {
    const int64_t channels = 16, side = emulated_ ? 8 : 64;
    const Tensor images = noise({rows_ * columns_ / (channels * side * side), channels, side, side});
    row_with_grad("max_pool2d", 1.25, 1.5, images, [](const Tensor& t) { return max_pool2d(t, {.kernel = 2}); });
    row_with_grad("avg_pool2d", 1.25, 1.25, images, [](const Tensor& t) { return avg_pool2d(t, {.kernel = 2}); });
    const Tensor small = slice(images, 0, 0, images.size(0) / 4);
    row_with_grad("interpolate_nearest", 1.25, 1.25, small,
                  [&](const Tensor& t) { return interpolate_nearest(t, 2 * side, 2 * side); });
  }

  void random() {
    const Shape shape{rows_, columns_};
    row("rand", 1, [&] { rand(shape, {f32, device_}); });
    row("randn", 1, [&] { randn(shape, {f32, device_}); });
    row("dropout", 2, [&, x = matrix()] { dropout(x, 0.5); });
    const int64_t count = emulated_ ? 1000 : 10'000'000;
    timed("randperm", {.bytes = 8.0 * static_cast<double>(count)}, [&] { randperm(count, {i64, device_}); });
  }

  void products() {
    const int64_t n = cuda_ ? 4096 : device_.is_cpu() ? 1024 : 64;
    const Tensor a = noise({n, n}), b = noise({n, n});
    const auto cube = [](int64_t m) { return 2.0 * static_cast<double>(m * m * m); };
    timed("matmul", {.flops = cube(n)}, [&] { matmul(a, b); });
    timed("matmul, transposed", {.flops = cube(n)}, [&] { matmul(transpose(a), transpose(b)); });
    const int64_t many = emulated_ ? 2 : 64, small = emulated_ ? 16 : 128;
    const Tensor p = noise({many, small, small}), q = noise({many, small, small});
    timed("matmul, batch of small", {.flops = static_cast<double>(many) * cube(small)}, [&] { matmul(p, q); });

    const int64_t batch = cuda_ ? 64 : 2, channels = emulated_ ? 8 : 64, side = emulated_ ? 8 : 56;
    const Conv2dOptions same{.padding = 1};
    const Tensor x = noise({batch, channels, side, side}), w = noise({channels, channels, 3, 3}), g = randn_like(x);
    const double flops = 2.0 * static_cast<double>(x.numel() * channels * 9);
    timed("conv2d", {.flops = flops}, [&] { conv2d(x, w, {}, same); });
    timed("conv2d, input", {.flops = flops}, [&] { conv2d_input_grad(g, w, x.shape(), same); });
    timed("conv2d, weight", {.flops = flops}, [&] { conv2d_weight_grad(x, g, w.shape(), same); });
  }
};

}  // namespace

void run_families(const Settings& settings) {
  Families(settings).run();
  run_family_layers(settings);
}

}  // namespace gg::bench
