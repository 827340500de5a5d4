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
inline constexpr int kPiece = 4096;  // numbers that a block updates
inline constexpr int kEntryBytes =
    3840;                               // of entries: what fits, with the rest, into the 4 KiB of arguments of any GPU
inline constexpr int kMaxLaunches = 4;  // with entries as arguments

/// The addresses of one parameter and of up to kStates_ state tensors.
template <class T, int kStates_>
struct UpdateEntry {
  static constexpr int kStates = kStates_;
  T* parameter;
  const T* grad;
  T* state[kStates];  ///< null beyond what the rule uses
  int64_t n;
  uint32_t end;  ///< blocks of the entries up to and with this one
};

/// Parameters whose entries are part of the argument.
template <class Entry>
struct SmallBatch {
  static constexpr int kMaxEntries = kEntryBytes / static_cast<int>(sizeof(Entry));  ///< 80 with two states
  Entry entries[kMaxEntries];
  int32_t count;

  template <class Fn>
  void for_each_pointer(Fn fn) const {
    for (int i = 0; i < count; ++i) {
      fn(entries[i].parameter);
      fn(entries[i].grad);
      for (int s = 0; s < Entry::kStates; ++s) fn(entries[i].state[s]);
    }
  }
};

/// Parameters whose entries lie in the device's memory.
template <class Entry>
struct LargeBatch {
  const Entry* entries;
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

// A rule reads and writes the states number kSlots of an entry.
template <class T>
struct SgdRule {
  static constexpr int kStates = 0, kSlots[] = {0};
  SgdNumbers<T> k;
  __device__ void operator()(T& p, T g, T*) const { sgd_update<UpdateTarget>(p, g, k); }
};
template <class T, bool kNesterov>
struct MomentumRule {
  static constexpr int kStates = 1, kSlots[] = {0};
  SgdNumbers<T> k;
  __device__ void operator()(T& p, T g, T* s) const { sgd_momentum_update<UpdateTarget, kNesterov>(p, g, s[0], k); }
};
template <class T, bool kMomentum, bool kCentered>
struct RmsPropRule {
  static constexpr int kStates = 1 + kMomentum + kCentered, kSlots[] = {0, kMomentum ? 1 : 2, 2};
  RmsPropNumbers<T> k;
  __device__ void operator()(T& p, T g, T* s) const {
    rmsprop_update<UpdateTarget, kMomentum, kCentered>(p, g, s[0], s[kMomentum ? 1 : 0],
                                                       s[kCentered ? 1 + kMomentum : 0], k);
  }
};
template <class T>
struct AdamRule {
  static constexpr int kStates = 2, kSlots[] = {0, 1};
  AdamNumbers<T> k;
  __device__ void operator()(T& p, T g, T* s) const { adam_update<UpdateTarget>(p, g, s[0], s[1], k); }
};

/// Numbers [begin, begin + step, …) below `count`, in packs of kWidth.
template <int kWidth, class T, class Rule>
__device__ void update_packs(const Rule& rule, int begin, int count, T* p, const T* g, T* const* s) {
  using P = Pack<T, kWidth>;
  constexpr int kStates = Rule::kStates;
  for (int i = begin; i < count; i += kUpdateThreads) {
    P vp = reinterpret_cast<P*>(p)[i], vs[kStates + 1];
    const P vg = reinterpret_cast<const P*>(g)[i];
#pragma unroll
    for (int k = 0; k < kStates; ++k) vs[k] = reinterpret_cast<P*>(s[k])[i];
#pragma unroll
    for (int e = 0; e < kWidth; ++e) {
      T states[kStates + 1] = {};
#pragma unroll
      for (int k = 0; k < kStates; ++k) states[k] = vs[k].element[e];
      rule(vp.element[e], vg.element[e], states);
#pragma unroll
      for (int k = 0; k < kStates; ++k) vs[k].element[e] = states[k];
    }
    reinterpret_cast<P*>(p)[i] = vp;
#pragma unroll
    for (int k = 0; k < kStates; ++k) reinterpret_cast<P*>(s[k])[i] = vs[k];
  }
}

// bytes: each number once in and, but for the gradient, once out, the least: 28 an f32 of Adam, 20 to 36 of RMSprop
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
  T* s[Rule::kStates + 1] = {};
  uintptr_t addresses = reinterpret_cast<uintptr_t>(p) | reinterpret_cast<uintptr_t>(g);
#pragma unroll
  for (int k = 0; k < Rule::kStates; ++k) {
    s[k] = batch.entries[low].state[k] + first;
    addresses |= reinterpret_cast<uintptr_t>(s[k]);
  }

  constexpr int kWidth = 16 / static_cast<int>(sizeof(T));
  const int packs = addresses % 16 == 0 ? count / kWidth : 0;
  const int thread = static_cast<int>(threadIdx.x);
  update_packs<kWidth>(rule, thread, packs, p, g, s);
  update_packs<1>(rule, packs * kWidth + thread, count, p, g, s);
}

namespace {

constexpr int64_t kMaxBlocks = INT32_MAX;

template <class T, class Rule>
void run(const char* name, const OptimizerTable& table, const Rule& rule) {
  using Entry = UpdateEntry < T, Rule::kStates<2 ? 2 : Rule::kStates>;
  constexpr int kMaxEntries = SmallBatch<Entry>::kMaxEntries;
  std::vector<Entry> entries;
  int64_t blocks = 0;  // of the launch that is being filled
  size_t begin = 0;
  const bool in_arguments = table.count <= kMaxEntries * kMaxLaunches;
  const auto flush = [&] {
    const auto count = static_cast<int32_t>(entries.size() - begin);
    if (count == 0) return;
    const auto grid = static_cast<unsigned>(blocks);
    if (in_arguments) {
      SmallBatch<Entry> batch{};
      static_assert(sizeof(batch) + sizeof(rule) <= 4096);
      std::copy(entries.begin() + static_cast<std::ptrdiff_t>(begin), entries.end(), batch.entries);
      batch.count = count;
      launch(name, update_kernel<T, Rule, SmallBatch<Entry>>, grid, kUpdateThreads, 0, batch, rule);
    } else {
      const size_t bytes = static_cast<size_t>(count) * sizeof(Entry);
      DeviceScratch on_device(bytes, Device::GG_CUDA_NS);
      auto* data = on_device.as<Entry>();
      copy_from_host(data, entries.data() + begin, bytes);
      launch(name, update_kernel<T, Rule, LargeBatch<Entry>>, grid, kUpdateThreads, 0, LargeBatch<Entry>{data, count},
             rule);
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
    const OptimizerEntry& e = table.entries[i];
    entries.push_back({static_cast<T*>(e.parameter), static_cast<const T*>(e.grad), {}, e.n, 0});
    for (int k = 0; k < Rule::kStates; ++k) entries.back().state[k] = static_cast<T*>(e.state[Rule::kSlots[k]]);
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

void rmsprop(const OptimizerTable& table, const RmsPropStep* step) {
  visit_floating(table.dtype, "rmsprop", [&]<class T>() {
    const RmsPropNumbers<T> k = numbers_of<T>(*step);
    if (step->momentum > 0) {
      step->centered ? run<T>("rmsprop (momentum, centered)", table, RmsPropRule<T, true, true>{k})
                     : run<T>("rmsprop (momentum)", table, RmsPropRule<T, true, false>{k});
    } else {
      step->centered ? run<T>("rmsprop (centered)", table, RmsPropRule<T, false, true>{k})
                     : run<T>("rmsprop", table, RmsPropRule<T, false, false>{k});
    }
  });
}

void adam(const OptimizerTable& table, const AdamStep* step) {
  visit_floating(table.dtype, "adam", [&]<class T>() { run<T>("adam", table, AdamRule<T>{numbers_of<T>(*step)}); });
}

}  // namespace gg::GG_CUDA_NS
