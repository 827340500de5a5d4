#include "cpu/optimizer.h"

#include <algorithm>
#include <vector>

#include "core/parallel.h"
#include "cpu/kernels/optimizer.h"

namespace gg::cpu {
namespace {

constexpr int64_t kGrain = 16 * 1024;  // numbers in a chunk

// Calls fn(entry, first number, count) on pieces of all entries, in parallel.
template <class Fn>
void for_pieces(const OptimizerTable& table, Fn&& fn) {
  std::vector<int64_t> end(static_cast<size_t>(table.count));  // chunks of entries up to and with this one
  int64_t chunks = 0;
  for (size_t i = 0; i < end.size(); ++i) end[i] = chunks += (table.entries[i].n + kGrain - 1) / kGrain;
  if (chunks == 0) return;
  parallel_chunks(chunks, [&](int64_t chunk) {
    auto i = std::upper_bound(end.begin(), end.end(), chunk) - end.begin();
    const OptimizerEntry& e = table.entries[i];
    int64_t first = (chunk - (i == 0 ? 0 : end[static_cast<size_t>(i) - 1])) * kGrain;
    fn(e, first, std::min(kGrain, e.n - first));
  });
}

template <class T>
T* at(void* p, int64_t i) {
  return p ? static_cast<T*>(p) + i : nullptr;
}

// A kernel that takes the states number kStates.
template <class T, int... kStates, class Kernel, class Numbers>
void run(const OptimizerTable& table, Kernel kernel, const Numbers& numbers) {
  for_pieces(table, [&](const OptimizerEntry& e, int64_t i, int64_t n) {
    kernel(at<T>(e.parameter, i), static_cast<const T*>(e.grad) + i, at<T>(e.state[kStates], i)..., n, numbers);
  });
}

template <class T>
const OptimizerOf<T>& kernels() {
  if constexpr (std::is_same_v<T, float>) {
    return optimizer_kernels().f32;
  } else {
    return optimizer_kernels().f64;
  }
}

}  // namespace

void sgd(const OptimizerTable& table, const SgdStep* step) {
  visit_floating(table.dtype, "sgd", [&]<class T>() {
    const auto& k = kernels<T>();
    const SgdNumbers<T> numbers = numbers_of<T>(*step);
    if (step->momentum == 0) {
      run<T>(table, k.sgd, numbers);
    } else {
      run<T, 0>(table, step->nesterov ? k.sgd_nesterov : k.sgd_momentum, numbers);
    }
  });
}

void rmsprop(const OptimizerTable& table, const RmsPropStep* step) {
  visit_floating(table.dtype, "rmsprop", [&]<class T>() {
    run<T, 0, 1, 2>(table, kernels<T>().rmsprop[step->momentum > 0][step->centered], numbers_of<T>(*step));
  });
}

void adam(const OptimizerTable& table, const AdamStep* step) {
  visit_floating(table.dtype, "adam", [&]<class T>() { run<T, 0, 1>(table, kernels<T>().adam, numbers_of<T>(*step)); });
}

}  // namespace gg::cpu
