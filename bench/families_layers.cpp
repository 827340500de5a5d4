// Operations that are made of several kernels, layers, and what takes longer than a pass over the array: sorting,
// windows, attention, recurrent layers, linear algebra. Arrays are parts of those of families.cpp, so that no call
// takes long.
#include <algorithm>

#include "bench/families.h"
#include "nn/nn.h"

namespace gg::bench {
namespace {

Work floats(int64_t elements) { return {.bytes = 4.0 * static_cast<double>(elements)}; }
Work flops(double count) { return {.flops = count}; }
Work twice(const Work& work) { return {.bytes = 2 * work.bytes, .flops = 2 * work.flops}; }

class FamilyLayers : FamilyRows {
 public:
  using FamilyRows::FamilyRows;

  void run() {
    manual_seed(1);
    order();
    elements();
    images();
    norms();
    products();
    attention();
    recurrent();
    if (device_.is_cpu()) linear_algebra();  // other devices copy to it
  }

 private:
  // One of `parts` equal parts of the matrix.
  Tensor part(int64_t parts) const { return noise({rows_ / parts, columns_}); }
  // The same as images.
  Tensor images_of(int64_t channels, int64_t side, int64_t parts) const {
    return noise({std::max<int64_t>(1, rows_ * columns_ / (parts * channels * side * side)), channels, side, side});
  }

  void order() {
    const Tensor few = part(32), some = part(8), x = part(4);
    timed("sort", floats(few.numel() * 4), [&] { sort(few); });  // positions have eight bytes
    timed("topk", floats(some.numel()), [&] { topk(some, 10); });
    timed_with_grad("cumsum", floats(2 * x.numel()), floats(2 * x.numel()), {x},
                    [](const auto& in) { return cumsum(in[0], 1); });
  }

  void elements() {
    const Tensor x = part(4), mask = part(4) > x;
    timed("masked_fill", {.bytes = 9.0 * static_cast<double>(x.numel())}, [&] { masked_fill(x, mask, 0); });
    timed("flip", floats(2 * x.numel()), [&] { flip(x, 1); });
    timed("tile", floats(3 * x.numel()), [&] { tile(x, {1, 2}); });
    const int64_t width = 128, count = x.numel() / width;
    const Tensor index = randint(0, count, {count}, {i64, device_});
    timed_with_grad("embedding", floats(2 * x.numel()), floats(2 * x.numel()), {noise({count, width})},
                    [&](const auto& in) { return embedding(in[0], index); });
  }

  void images() {
    const int64_t side = emulated_ ? 8 : 64;
    const Tensor few = images_of(16, side, 16), x = images_of(16, side, 4);
    const int64_t n = few.numel();
    timed_with_grad("unfold", floats(10 * n), floats(10 * n), {few},
                    [](const auto& in) { return unfold(in[0], 3, {.padding = 1}); });
    const Tensor places = noise({few.size(0), side, side, 2}) * 0.5;
    timed_with_grad("grid_sample", floats(2 * n + places.numel()), floats(3 * n + 2 * places.numel()), {few, places},
                    [](const auto& in) { return grid_sample(in[0], in[1]); });
    timed_with_grad("interpolate_bilinear", floats(5 * n), floats(5 * n), {few},
                    [&](const auto& in) { return interpolate_bilinear(in[0], 2 * side, 2 * side); });
    const Work padded = floats(x.numel() + x.numel() / (side * side) * (side + 2) * (side + 2));
    timed_with_grad("reflect pad", padded, padded, {x}, [](const auto& in) {
      return pad(in[0], {{2, 1, 1}, {3, 1, 1}}, PadMode::reflect);
    });
    const Work pooled = floats(x.numel() + x.numel() / (side * side) * 7 * 7);
    timed_with_grad("adaptive_avg_pool2d", pooled, pooled, {x},
                    [](const auto& in) { return adaptive_avg_pool2d(in[0], 7); });
  }

  void norms() {
    const Tensor x = part(4), w = noise({columns_});
    const Work there = floats(2 * x.numel()), back = floats(3 * x.numel());
    timed_with_grad("rms_norm", there, back, {x}, [&](const auto& in) { return rms_norm(in[0], w); });
    const Tensor images = images_of(64, emulated_ ? 4 : 32, 4), wc = noise({64}), bc = noise({64});
    timed_with_grad("group_norm", there, back, {images}, [&](const auto& in) { return group_norm(in[0], 8, wc, bc); });
    timed_with_grad("instance_norm", there, back, {images},
                    [&](const auto& in) { return instance_norm(in[0], wc, bc); });
  }

  void products() {
    const int64_t batch = emulated_ ? 1 : cuda_ ? 64 : 4, length = emulated_ ? 8 : 512, heads = 8, width = 64;
    const Shape shape{batch, length, heads, width};
    const double scores = 2.0 * static_cast<double>(batch * heads * length * length * width);
    timed("einsum", flops(scores), [&, q = noise(shape), k = noise(shape)] { einsum("bqhd,bkhd->bhqk", {q, k}); });
    const int64_t points = emulated_ ? 8 : cuda_ ? 8192 : 2048;
    const double differences = 2.0 * static_cast<double>(points * points * width);
    timed_with_grad("cdist", flops(differences), twice(flops(differences)),
                    {noise({points, width}), noise({points, width})},
                    [](const auto& in) { return cdist(in[0], in[1]); });
    const int64_t signals = emulated_ ? 1
                            : cuda_   ? 256
                                      : 16,
                  channels = emulated_ ? 4 : 64, steps = emulated_ ? 16 : 1024;
    const double taps = 2.0 * static_cast<double>(signals * channels * steps * channels * 3);
    timed_with_grad("conv1d", flops(taps), twice(flops(taps)),
                    {noise({signals, channels, steps}), noise({channels, channels, 3})},
                    [](const auto& in) { return conv1d(in[0], in[1], {}, {.padding = 1}); });
  }

  void attention() {
    const int64_t batch = emulated_ ? 1 : cuda_ ? 32 : 2, heads = emulated_ ? 2 : 8, length = emulated_ ? 8 : 512;
    const Shape shape{batch, heads, length, 64};
    // Scores and means; backward, the two gradients of each.
    const Work work = flops(2 * 2.0 * static_cast<double>(batch * heads * length * length * 64));
    timed_with_grad("attention", work, twice(work), {noise(shape), noise(shape), noise(shape)},
                    [](const auto& in) { return scaled_dot_product_attention(in[0], in[1], in[2]); });
  }

  template <class Layer>
  void recurrent_layer(const std::string& name, int64_t gates) {
    const int64_t batch = emulated_ ? 2 : cuda_ ? 256 : 32, length = emulated_ ? 4 : 32;
    const int64_t inputs = emulated_ ? 8 : 128, hidden = emulated_ ? 8 : 256;
    const Layer layer(inputs, hidden);
    layer.to(device_);
    const Tensor x = noise({batch, length, inputs}).requires_grad_();
    const Work work = flops(2.0 * static_cast<double>(batch * length * gates * hidden * (inputs + hidden)));
    timed(name, work, [&] { layer(x); });
    const std::string backward = name + ", backward";
    if (backward.find(settings_.row) == std::string::npos) return;
    std::vector<Tensor> all = layer.parameters();
    all.push_back(x);
    const Tensor y = layer(x).output, g = randn_like(y);
    timed(backward, twice(work), [&] { grad(y, all, {.grad_outputs = {g}, .retain_graph = true}); });
  }
  void recurrent() {
    recurrent_layer<nn::GRU>("GRU layer", 3);
    recurrent_layer<nn::LSTM>("LSTM layer", 4);
  }

  void linear_algebra() {
    const int64_t n = 512, columns = 64;
    const Tensor a = noise({n, n}), b = noise({n, columns});
    const Tensor positive = matmul(a, transpose(a)) / static_cast<double>(n) + eye(n);
    const double cube = static_cast<double>(n * n * n);
    timed("solve", flops(2 * cube / 3 + 2.0 * static_cast<double>(n * n * columns)), [&] { solve(a, b); });
    timed("cholesky", flops(cube / 3), [&] { cholesky(positive); });
  }
};

}  // namespace

void run_family_layers(const Settings& settings) { FamilyLayers(settings).run(); }

}  // namespace gg::bench
