#include "cpu/optimizer.h"

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <vector>

#include "core/parallel.h"
#include "cpu/kernels/optimizer.h"

namespace gg::cpu {
namespace {

constexpr int64_t kChunk = 16 * 1024;  // elements

template <class T>
const OptimizerOf<T>& kernels() {
  if constexpr (std::is_same_v<T, float>) {
    return optimizer_kernels().f32;
  } else {
    return optimizer_kernels().f64;
  }
}

// The chunks of all arrays in one row: chunk c belongs to the array a with first[a] ≤ c < first[a + 1].
template <class Item>
std::vector<int64_t> first_chunks(std::span<const Item> items) {
  std::vector<int64_t> first{0};
  first.reserve(items.size() + 1);
  for (const Item& item : items) first.push_back(first.back() + (item.n + kChunk - 1) / kChunk);
  return first;
}

// Calls fn.operator()<T>(item, begin, end, number of the chunk) for every chunk.
template <class Item, class Fn>
void for_chunks(std::span<const Item> items, const std::vector<int64_t>& first, const char* op, Fn&& fn) {
  for (const Item& item : items) {
    GG_CHECK(is_floating(item.dtype), op, ": expected float32 or float64, got ", item.dtype);
  }
  auto run = [&](int64_t chunk) {
    size_t i = static_cast<size_t>(std::upper_bound(first.begin(), first.end(), chunk) - first.begin()) - 1;
    int64_t begin = (chunk - first[i]) * kChunk, end = std::min(items[i].n, begin + kChunk);
    visit_floating(items[i].dtype, op, [&]<class T>() { fn.template operator()<T>(items[i], begin, end, chunk); });
  };
  // Many small parameters: several chunks a task.
  int64_t elements = 0;
  for (const Item& item : items) elements += item.n;
  int64_t chunks = first.back();
  int64_t grain = std::max<int64_t>(1, chunks * kChunk / std::max<int64_t>(2 * elements, 1));
  parallel_for(chunks, grain, [&](int64_t begin, int64_t end) {
    for (int64_t c = begin; c < end; ++c) run(c);
  });
}

template <class T>
AdamConstants<T> constants_of(const AdamStep& s, const OptimizerSlot& slot) {
  double lr = s.lr * slot.lr_scale, decay = s.weight_decay * slot.decay_scale;
  auto t = [](double x) { return static_cast<T>(x); };
  return {t(s.maximize ? -s.grad_scale : s.grad_scale),
          t(s.decoupled ? 0 : decay),
          t(s.decoupled ? 1 - lr * decay : 1),
          t(1 - s.beta1),
          t(s.beta2),
          t(1 - s.beta2),
          t(1 / std::sqrt(s.bias_correction2)),
          t(s.eps),
          t(lr / s.bias_correction1)};
}

template <class T>
SgdConstants<T> constants_of(const SgdStep& s, const OptimizerSlot& slot) {
  auto t = [](double x) { return static_cast<T>(x); };
  return {t(s.maximize ? -s.grad_scale : s.grad_scale),
          t(s.weight_decay * slot.decay_scale),
          t(s.momentum),
          t(1 - s.dampening),
          t(s.lr * slot.lr_scale),
          s.nesterov,
          s.first};
}

}  // namespace

void adam(std::span<const OptimizerSlot> slots, const AdamStep* step) {
  for (const OptimizerSlot& s : slots) GG_CHECK(s.n == 0 || (s.m && s.v), "adam: a slot without moments");
  for_chunks(slots, first_chunks(slots), "adam",
             [&]<class T>(const OptimizerSlot& s, int64_t begin, int64_t end, int64_t) {
               kernels<T>().adam(static_cast<T*>(s.p) + begin, static_cast<const T*>(s.g) + begin,
                                 static_cast<T*>(s.m) + begin, static_cast<T*>(s.v) + begin, end - begin,
                                 constants_of<T>(*step, s));
             });
}

void sgd(std::span<const OptimizerSlot> slots, const SgdStep* step) {
  for (const OptimizerSlot& s : slots) {
    GG_CHECK(s.n == 0 || s.m || step->momentum == 0, "sgd: momentum needs a buffer in every slot");
  }
  for_chunks(slots, first_chunks(slots), "sgd",
             [&]<class T>(const OptimizerSlot& s, int64_t begin, int64_t end, int64_t) {
               T* m = step->momentum == 0 ? nullptr : static_cast<T*>(s.m) + begin;
               kernels<T>().sgd(static_cast<T*>(s.p) + begin, static_cast<const T*>(s.g) + begin, m, end - begin,
                                constants_of<T>(*step, s));
             });
}

void sum_squares(double* out, std::span<const FlatArray> arrays) {
  std::vector<int64_t> first = first_chunks(arrays);
  std::vector<double> partial(static_cast<size_t>(first.back()), 0.0);
  for_chunks(arrays, first, "sum_squares", [&]<class T>(const FlatArray& a, int64_t begin, int64_t end, int64_t chunk) {
    partial[chunk] = kernels<T>().sum_squares(static_cast<const T*>(a.data) + begin, end - begin);
  });
  double total = 0;
  for (double p : partial) total += p;
  *out = total;
}

void scale(std::span<const FlatArray> arrays, const double* factor) {
  for_chunks(arrays, first_chunks(arrays), "scale",
             [&]<class T>(const FlatArray& a, int64_t begin, int64_t end, int64_t) {
               kernels<T>().scale(static_cast<T*>(a.data) + begin, end - begin, static_cast<T>(*factor));
             });
}

}  // namespace gg::cpu
