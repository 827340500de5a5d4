// Reductions over any axes of arrays of any layout: one kernel, in which a policy says what is gathered from the
// elements.
//
// Each element is read once, by neighbouring threads from neighbouring addresses: where the innermost axis of the first
// operand is reduced, 1 to 32 lanes or a whole block take an output ("along"); where it is kept, 32 to 256 neighbouring
// outputs are taken by a block together, and its threads share the elements of each ("across"). Eight independent reads
// are in flight per thread, so reads of 4 bytes suffice to fill the memory's pipe, and any stride and alignment go the
// same way. Few outputs of many elements are cut into parts, whose results a second kernel combines. All this follows
// from shapes and strides alone, and so does the order of the operations.
//
// A policy P is a trivially copyable struct with
//   In, kOperands       type and number of the operands; those that need not be read may have strides of 0
//   Local               what a thread gathers; Local{} is nothing yet
//   Acc                 what threads combine: trivial, 4- or 8-byte parts
//   take(local, v, first, apart, end)   v[operand][k] is element first + k * apart of the output, 0 from `end` on
//   finish(local) -> Acc, combine(Acc, Acc) -> Acc (commutative), identity() -> Acc
//   put(acc, in, at, out0, out1)        writes a result; at: offsets of the operands, then of the two outputs
#pragma once

#include <algorithm>
#include <cstdlib>
#include <span>

#include "cuda/axes.h"
#include "cuda/reduce.cuh"
#include "cuda/scratch.h"

namespace gg::GG_CUDA_NS {

inline constexpr int kReduceThreads = 256;
inline constexpr int kReduceChunk = 8;

template <int kOperands>
struct ReducePlan {
  AxisPlan<kOperands + 2> kept;  ///< the operands and the two outputs
  AxisPlan<kOperands> reduced;
  Divisor parts;           ///< of each output
  uint32_t part_size = 1;  ///< in elements
  int log_sharers = 0;     ///< 2^log_sharers threads share an output
  bool across = false;
};

/// The result of the threads that share an output, in the first of them.
template <class P>
__device__ typename P::Acc combine_sharers(const P& policy, typename P::Acc acc, uint32_t sharers, bool across,
                                           uint32_t rank) {
  if (!across && sharers <= 32) {
    for (int lanes = static_cast<int>(sharers) / 2; lanes > 0; lanes /= 2) {
      acc = policy.combine(acc, shuffle_xor(acc, lanes));
    }
    return acc;
  }
  if (sharers == 1) return acc;
  GG_SHARED(typename P::Acc, tile, [kReduceThreads]);
  const uint32_t apart = across ? kReduceThreads / sharers : 1;
  __syncthreads();  // the last call's readers must be done with `tile`
  tile[threadIdx.x] = acc;
  for (uint32_t half = sharers / 2; half > 0; half /= 2) {
    __syncthreads();
    if (rank < half) tile[threadIdx.x] = policy.combine(tile[threadIdx.x], tile[threadIdx.x + half * apart]);
  }
  return tile[threadIdx.x];
}

/// Writes outputs, or with `partial` the results of parts: [output][part].
// bytes: each operand once + out, the least; partial results come on top where an output has many parts
template <class P>
__global__ void __launch_bounds__(kReduceThreads)
    reduce_kernel(P policy, ReducePlan<P::kOperands> plan, const typename P::In* in0, const typename P::In* in1,
                  const typename P::In* in2, const typename P::In* in3, typename P::Acc* partial, void* out0,
                  void* out1) {
  constexpr int kOperands = P::kOperands;
  const typename P::In* const in[4] = {in0, in1, in2, in3};
  const uint32_t sharers = 1u << plan.log_sharers, log_slots = 8 - plan.log_sharers, slots = 1u << log_slots;
  static_assert(1 << 8 == kReduceThreads);
  const uint32_t t = threadIdx.x;
  const uint32_t rank = plan.across ? t >> log_slots : t & (sharers - 1);
  const uint32_t slot = plan.across ? t & (slots - 1) : t >> plan.log_sharers;
  const uint32_t items = (plan.kept.count + slots - 1) / slots * plan.parts.value;
  for (uint32_t item = blockIdx.x; item < items; item += gridDim.x) {
    const uint32_t tile = plan.parts.quotient(item), part = item - tile * plan.parts.value;
    const uint32_t output = tile * slots + slot;
    const bool active = output < plan.kept.count;
    typename P::Local local{};
    int32_t at[kOperands + 2] = {};
    if (active) {
      plan.kept.add_offsets(output, at);
      const uint32_t begin = part * plan.part_size, rest = plan.reduced.count - begin;
      const uint32_t end = begin + (rest < plan.part_size ? rest : plan.part_size);
      for (uint32_t r = begin + rank; r < end; r += kReduceChunk * sharers) {
        typename P::In v[kOperands][kReduceChunk];
#pragma unroll
        for (int k = 0; k < kReduceChunk; ++k) {
          const uint32_t i = r + static_cast<uint32_t>(k) * sharers;
          int32_t from[kOperands];
#pragma unroll
          for (int a = 0; a < kOperands; ++a) {
            from[a] = at[a];
            v[a][k] = typename P::In(0);
          }
          if (i < end) {
            if (plan.reduced.rank <= 1) {
#pragma unroll
              for (int a = 0; a < kOperands; ++a) from[a] += static_cast<int32_t>(i) * plan.reduced.stride[a][0];
            } else {
              plan.reduced.add_offsets(i, from);
            }
#pragma unroll
            for (int a = 0; a < kOperands; ++a) v[a][k] = in[a][from[a]];
          }
        }
        policy.take(local, v, r, sharers, end);
      }
    }
    const typename P::Acc acc = combine_sharers(policy, policy.finish(local), sharers, plan.across, rank);
    if (active && rank == 0) {
      if (partial) {
        partial[output * plan.parts.value + part] = acc;
      } else {
        policy.put(acc, in, at, out0, out1);
      }
    }
  }
}

/// One warp an output, or a block. No part at all gives the result of no elements.
// bytes: the partial results once + out, the least of two steps
template <class P>
__global__ void __launch_bounds__(kReduceThreads)
    reduce_parts_kernel(P policy, AxisPlan<P::kOperands + 2> kept, uint32_t parts, bool whole_block,
                        const typename P::In* in0, const typename P::In* in1, const typename P::In* in2,
                        const typename P::In* in3, const typename P::Acc* partial, void* out0, void* out1) {
  const typename P::In* const in[4] = {in0, in1, in2, in3};
  auto combine = [&](const typename P::Acc& a, const typename P::Acc& b) { return policy.combine(a, b); };
  const uint32_t sharers = whole_block ? kReduceThreads : 32, slots = kReduceThreads / sharers;
  const uint32_t rank = threadIdx.x % sharers;
  for (uint32_t first = blockIdx.x * slots; first < kept.count; first += gridDim.x * slots) {
    const uint32_t output = first + threadIdx.x / sharers;
    const bool active = output < kept.count;
    typename P::Acc acc = policy.identity();
    for (uint32_t p = rank; p < (active ? parts : 0); p += sharers) acc = combine(acc, partial[output * parts + p]);
    acc = whole_block ? block_reduce<kReduceThreads>(acc, policy.identity(), combine) : warp_reduce(acc, combine);
    if (active && rank == 0) {
      int32_t at[P::kOperands + 2] = {};
      kept.add_offsets(output, at);
      policy.put(acc, in, at, out0, out1);
    }
  }
}

/// 2^result >= n, for results up to `most`.
inline int log_at_least(int64_t n, int most) {
  int log = 0;
  while (log < most && (int64_t{1} << log) < n) ++log;
  return log;
}

/// Reduces operands of one shape over the axes where the outputs have size 1 and the operands have not. Outputs have
/// the operands' rank; a null pointer means that one is not wanted, but its shape counts. Throws gg::Error where 32
/// bits do not suffice.
template <class P>
void reduce_axes(const char* name, const P& policy, std::span<const Array> ins, const Array& out0, const Array& out1) {
  constexpr int kOperands = P::kOperands;
  using In = typename P::In;
  using Acc = typename P::Acc;
  check_reach(name, {out0, out1});
  for (const Array& a : ins) check_reach(name, {a});
  AxisList kept(kOperands + 2), reduced(kOperands);
  for (int i = 0; i < ins[0].rank(); ++i) {
    AxisList& to = out0.shape[i] == ins[0].shape[i] ? kept : reduced;
    for (int k = 0; k < kOperands; ++k) to.stride[k][to.rank] = ins[k].strides[i];
    if (&to == &kept) {
      to.stride[kOperands][to.rank] = out0.strides[i];
      to.stride[kOperands + 1][to.rank] = out1.strides[i];
    }
    to.size[to.rank++] = ins[0].shape[i];
  }
  kept.merge().sort().merge();
  reduced.merge().sort().merge();
  const int64_t outputs = kept.count(), each = reduced.count();
  if (outputs == 0) return;
  const In* in[4] = {};
  for (int k = 0; k < kOperands; ++k) in[k] = static_cast<const In*>(ins[k].data);

  ReducePlan<kOperands> plan;
  plan.kept = kept.fixed<kOperands + 2>();
  plan.reduced = reduced.fixed<kOperands>();
  plan.across =
      reduced.rank == 0 || (kept.rank > 0 && std::abs(kept.inner_stride(0)) < std::abs(reduced.inner_stride(0)));
  if (plan.across) {
    const int log_slots = std::min(each >= 64 ? 5 : each >= 16 ? 7 : 8, log_at_least(outputs, 8));
    plan.log_sharers = 8 - log_slots;
  } else {
    const bool whole_block = each > 1024 || (each >= 256 && outputs < 1024);
    plan.log_sharers = whole_block ? 8 : log_at_least((each + 3) / 4, 5);
  }
  // Parts such that there are some thousand blocks, each thread with 32 elements or more: blocks that wait for a place
  // on a multiprocessor even out what the last of them would leave idle.
  const int64_t sharers = int64_t{1} << plan.log_sharers, slots = kReduceThreads / sharers;
  const int64_t tiles = (outputs + slots - 1) / slots;
  int64_t parts = std::clamp<int64_t>(each / (32 * sharers), 1, std::max<int64_t>(1, 4096 / tiles));
  const int64_t part_size = ((each + parts - 1) / parts + sharers - 1) / sharers * sharers;
  parts = part_size ? (each + part_size - 1) / part_size : 0;
  plan.part_size = static_cast<uint32_t>(part_size);

  auto finish_parts = [&](const Acc* partial) {
    const bool whole_block = parts > 256;
    launch(name, reduce_parts_kernel<P>, grid_for(outputs * (whole_block ? kReduceThreads : 32), kReduceThreads),
           kReduceThreads, 0, policy, plan.kept, static_cast<uint32_t>(parts), whole_block, in[0], in[1], in[2], in[3],
           partial, out0.data, out1.data);
  };
  if (parts == 0) return finish_parts(nullptr);
  plan.parts = Divisor(static_cast<uint32_t>(parts));
  auto reduce_to = [&](Acc* partial) {
    launch(name, reduce_kernel<P>, grid_for(tiles * parts * kReduceThreads, kReduceThreads, 4), kReduceThreads, 0,
           policy, plan, in[0], in[1], in[2], in[3], partial, out0.data, out1.data);
  };
  if (parts == 1) return reduce_to(nullptr);
  DeviceScratch partial(sizeof(Acc) * static_cast<size_t>(outputs * parts), Device::GG_CUDA_NS);
  reduce_to(partial.as<Acc>());
  finish_parts(partial.as<Acc>());
}

}  // namespace gg::GG_CUDA_NS
