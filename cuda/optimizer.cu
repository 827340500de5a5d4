// One launch updates dozens of parameters: their addresses go with it as an argument, since a model has many small ones
// and a launch costs as much as thousands of updates. Each block takes a fixed piece of one parameter. Every number is
// read and written once, 16 bytes at a time where all addresses allow it: 28 bytes for each float of Adam.
#include "cuda/optimizer.h"

#include <algorithm>
#include <cstdint>

#include "core/optimizer_rules.h"
#include "cuda/elementwise.cuh"
#include "cuda/platform.h"

namespace gg::GG_CUDA_NS {

inline constexpr int kUpdateThreads = 256;
inline constexpr int kPiece = 4096;     // numbers that a block updates
inline constexpr int kMaxEntries = 80;  // what fits, with the rest, into the 4 KiB of arguments of any GPU

/// The addresses of some parameters, and which blocks work on them.
template <class T>
struct UpdateBatch {
  T* parameter[kMaxEntries];
  const T* grad[kMaxEntries];
  T* state[2][kMaxEntries];  ///< null beyond what the rule uses
  int64_t n[kMaxEntries];
  uint32_t end[kMaxEntries];  ///< blocks of the entries up to and with this one
  int32_t count;

  template <class Fn>
  void for_each_pointer(Fn fn) const {
    for (int i = 0; i < count; ++i) {
      fn(parameter[i]);
      fn(grad[i]);
      fn(state[0][i]);
      fn(state[1][i]);
    }
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

template <class T, class Rule>
__global__ void __launch_bounds__(kUpdateThreads) update_kernel(UpdateBatch<T> batch, Rule rule) {
  int low = 0, high = batch.count - 1;  // the entry of this block is in [low, high]
  while (low < high) {
    const int middle = (low + high) / 2;
    if (blockIdx.x < batch.end[middle]) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  const int64_t first = static_cast<int64_t>(blockIdx.x - (low > 0 ? batch.end[low - 1] : 0)) * kPiece;
  const int64_t rest = batch.n[low] - first;
  const int count = static_cast<int>(rest < kPiece ? rest : kPiece);
  T* p = batch.parameter[low] + first;
  const T* g = batch.grad[low] + first;
  T* s0 = Rule::kStates > 0 ? batch.state[0][low] + first : nullptr;
  T* s1 = Rule::kStates > 1 ? batch.state[1][low] + first : nullptr;

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

template <class T, class Rule>
void run(const char* name, const OptimizerTable& table, const Rule& rule) {
  UpdateBatch<T> batch{};
  static_assert(sizeof(batch) + sizeof(rule) <= 4096);
  int64_t blocks = 0;
  const auto flush = [&] {
    if (batch.count > 0) {
      launch(name, update_kernel<T, Rule>, static_cast<unsigned>(blocks), kUpdateThreads, 0, batch, rule);
    }
    batch.count = 0;
    blocks = 0;
  };
  for (int64_t i = 0; i < table.count; ++i) {
    const OptimizerEntry& e = table.entries[i];
    const int64_t pieces = (e.n + kPiece - 1) / kPiece;
    if (pieces == 0) continue;
    GG_CHECK(pieces <= kMaxBlocks, name, ": a parameter of ", e.n, " numbers is too large for one launch");
    if (batch.count == kMaxEntries || blocks + pieces > kMaxBlocks) flush();
    const int at = batch.count++;
    batch.parameter[at] = static_cast<T*>(e.parameter);
    batch.grad[at] = static_cast<const T*>(e.grad);
    for (int s = 0; s < 2; ++s) batch.state[s][at] = s < Rule::kStates ? static_cast<T*>(e.state[s]) : nullptr;
    batch.n[at] = e.n;
    batch.end[at] = static_cast<uint32_t>(blocks += pieces);
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
