// One launch updates dozens of parameters: their addresses go with it as an argument, since a model has many small ones
// and a launch costs as much as thousands of updates; where that would take more than four launches, their addresses
// are copied to the device and one does. Each block takes a fixed piece of one parameter. Every number is read and
// written once, 16 bytes at a time where all addresses allow it: 28 bytes for each float of Adam.
#include "cuda/optimizer.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/optimizer_rules.h"
#include "cuda/elementwise.cuh"
#include "cuda/memory.h"
#include "cuda/platform.h"
#include "cuda/scratch.h"

namespace gg::GG_CUDA_NS {

inline constexpr int kUpdateThreads = 256;
inline constexpr int kPiece = 4096;     // numbers that a block updates
inline constexpr int kMaxEntries = 80;  // what fits, with the rest, into the 4 KiB of arguments of any GPU
inline constexpr int kMaxLaunches = 4;  // with entries as arguments

/// The addresses of one parameter.
template <class T>
struct UpdateEntry {
  T* parameter;
  const T* grad;
  T* state[2];  ///< null beyond what the rule uses
  int64_t n;
  uint32_t end;  ///< blocks of the entries up to and with this one
};

/// Parameters whose entries are part of the argument.
template <class T>
struct SmallBatch {
  UpdateEntry<T> entries[kMaxEntries];
  int32_t count;

  template <class Fn>
  void for_each_pointer(Fn fn) const {
    for (int i = 0; i < count; ++i) {
      fn(entries[i].parameter);
      fn(entries[i].grad);
      fn(entries[i].state[0]);
      fn(entries[i].state[1]);
    }
  }
};

/// Parameters whose entries lie in the device's memory.
template <class T>
struct LargeBatch {
  const UpdateEntry<T>* entries;
  int32_t count;

  template <class Fn>
  void for_each_pointer(Fn fn) const {
    fn(entries);
  }
};

/// The tag of device code for core/scalar_math.h; the square root is the machine's own.
struct UpdateTarget {
  static constexpr bool has_fma = true;
  static constexpr bool has_builtins = true;
};

template <class T>
struct SgdRule {
  static constexpr int kStates = 0;
  SgdNumbers<T> k;
  __device__ void operator()(T& p, T g, T&, T&) const { sgd_update<UpdateTarget>(p, g, k); }
};
template <class T, bool kNesterov>
struct MomentumRule {
  static constexpr int kStates = 1;
  SgdNumbers<T> k;
  __device__ void operator()(T& p, T g, T& b, T&) const { sgd_momentum_update<UpdateTarget, kNesterov>(p, g, b, k); }
};
template <class T>
struct AdamRule {
  static constexpr int kStates = 2;
  AdamNumbers<T> k;
  __device__ void operator()(T& p, T g, T& m, T& v) const { adam_update<UpdateTarget>(p, g, m, v, k); }
};

/// Numbers [begin, begin + step, …) below `count`, in packs of kWidth.
template <int kWidth, class T, class Rule>
__device__ void update_packs(const Rule& rule, int begin, int count, T* p, const T* g, T* s0, T* s1) {
  using P = Pack<T, kWidth>;
  for (int i = begin; i < count; i += kUpdateThreads) {
    P vp = reinterpret_cast<P*>(p)[i], v0{}, v1{};
    const P vg = reinterpret_cast<const P*>(g)[i];
    if constexpr (Rule::kStates > 0) v0 = reinterpret_cast<P*>(s0)[i];
    if constexpr (Rule::kStates > 1) v1 = reinterpret_cast<P*>(s1)[i];
#pragma unroll
    for (int e = 0; e < kWidth; ++e) rule(vp.element[e], vg.element[e], v0.element[e], v1.element[e]);
    reinterpret_cast<P*>(p)[i] = vp;
    if constexpr (Rule::kStates > 0) reinterpret_cast<P*>(s0)[i] = v0;
    if constexpr (Rule::kStates > 1) reinterpret_cast<P*>(s1)[i] = v1;
  }
}

// bytes: each number once in and, but for the gradient, once out, the least: 28 an f32 of Adam
template <class T, class Rule, class Batch>
__global__ void __launch_bounds__(kUpdateThreads) update_kernel(Batch batch, Rule rule) {
  int low = 0, high = batch.count - 1;  // the entry of this block is in [low, high]
  while (low < high) {
    const int middle = (low + high) / 2;
    if (blockIdx.x < batch.entries[middle].end) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  const int64_t first = static_cast<int64_t>(blockIdx.x - (low > 0 ? batch.entries[low - 1].end : 0)) * kPiece;
  const int64_t rest = batch.entries[low].n - first;
  const int count = static_cast<int>(rest < kPiece ? rest : kPiece);
  T* p = batch.entries[low].parameter + first;
  const T* g = batch.entries[low].grad + first;
  T* s0 = Rule::kStates > 0 ? batch.entries[low].state[0] + first : nullptr;
  T* s1 = Rule::kStates > 1 ? batch.entries[low].state[1] + first : nullptr;

  constexpr int kWidth = 16 / static_cast<int>(sizeof(T));
  const uintptr_t addresses = reinterpret_cast<uintptr_t>(p) | reinterpret_cast<uintptr_t>(g) |
                              reinterpret_cast<uintptr_t>(s0) | reinterpret_cast<uintptr_t>(s1);
  const int packs = addresses % 16 == 0 ? count / kWidth : 0;
  const int thread = static_cast<int>(threadIdx.x);
  update_packs<kWidth>(rule, thread, packs, p, g, s0, s1);
  update_packs<1>(rule, packs * kWidth + thread, count, p, g, s0, s1);
}

namespace {

constexpr int64_t kMaxBlocks = INT32_MAX;

template <class T>
UpdateEntry<T> entry_of(const OptimizerEntry& e, int states) {
  UpdateEntry<T> entry{static_cast<T*>(e.parameter), static_cast<const T*>(e.grad), {}, e.n, 0};
  for (int s = 0; s < states; ++s) entry.state[s] = static_cast<T*>(e.state[s]);
  return entry;
}

template <class T, class Rule>
void run(const char* name, const OptimizerTable& table, const Rule& rule) {
  std::vector<UpdateEntry<T>> entries;
  int64_t blocks = 0;  // of the launch that is being filled
  size_t begin = 0;
  const bool in_arguments = table.count <= kMaxEntries * kMaxLaunches;
  const auto flush = [&] {
    const auto count = static_cast<int32_t>(entries.size() - begin);
    if (count == 0) return;
    const auto grid = static_cast<unsigned>(blocks);
    if (in_arguments) {
      SmallBatch<T> batch{};
      static_assert(sizeof(batch) + sizeof(rule) <= 4096);
      std::copy(entries.begin() + static_cast<std::ptrdiff_t>(begin), entries.end(), batch.entries);
      batch.count = count;
      launch(name, update_kernel<T, Rule, SmallBatch<T>>, grid, kUpdateThreads, 0, batch, rule);
    } else {
      const size_t bytes = static_cast<size_t>(count) * sizeof(UpdateEntry<T>);
      DeviceScratch on_device(bytes, Device::GG_CUDA_NS);
      auto* data = on_device.as<UpdateEntry<T>>();
      copy_from_host(data, entries.data() + begin, bytes);
      launch(name, update_kernel<T, Rule, LargeBatch<T>>, grid, kUpdateThreads, 0, LargeBatch<T>{data, count}, rule);
    }
    begin = entries.size();
    blocks = 0;
  };
  for (int64_t i = 0; i < table.count; ++i) {
    const int64_t pieces = (table.entries[i].n + kPiece - 1) / kPiece;
    if (pieces == 0) continue;
    GG_CHECK(pieces <= kMaxBlocks, name, ": a parameter of ", table.entries[i].n,
             " numbers is too large for one launch");
    if ((in_arguments && entries.size() - begin == kMaxEntries) || blocks + pieces > kMaxBlocks) flush();
    entries.push_back(entry_of<T>(table.entries[i], Rule::kStates));
    entries.back().end = static_cast<uint32_t>(blocks += pieces);
  }
  flush();
}

}  // namespace

void sgd(const OptimizerTable& table, const SgdStep* step) {
  visit_floating(table.dtype, "sgd", [&]<class T>() {
    const SgdNumbers<T> k = numbers_of<T>(*step);
    if (step->momentum == 0) {
      run<T>("sgd", table, SgdRule<T>{k});
    } else if (step->nesterov) {
      run<T>("sgd (nesterov)", table, MomentumRule<T, true>{k});
    } else {
      run<T>("sgd (momentum)", table, MomentumRule<T, false>{k});
    }
  });
}

void adam(const OptimizerTable& table, const AdamStep* step) {
  visit_floating(table.dtype, "adam", [&]<class T>() { run<T>("adam", table, AdamRule<T>{numbers_of<T>(*step)}); });
}

}  // namespace gg::GG_CUDA_NS
