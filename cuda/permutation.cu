// Fisher and Yates' shuffle in parallel, with the result of the sequential one: for i = n-1 … 1 exchange elements i and
// h(i) ≤ i, where h(i) is a random number of position i. Exchanges that share no element may happen in any order. So in
// each round every exchange that is left puts its number on its two elements, where the largest wins, as it comes first
// in the sequential order; those that won both elements happen. All are done after O(log n) rounds with high
// probability. (Shun, Gu, Blelloch, Fineman and Gibbons, "Sequential random permutation, list contraction and tree
// contraction are highly parallel", SODA 2015.)
#include "cuda/memory.h"
#include "cuda/platform.h"
#include "cuda/random.h"

namespace gg::GG_CUDA_NS {

inline constexpr int kPermutationThreads = 128;
inline constexpr int32_t kDone = -1;
using Mark = unsigned long long;  // the round in the high half: marks of earlier rounds lose against all of this one

// bytes: writes 20 a number; the least is out
__global__ void __launch_bounds__(kPermutationThreads)
    permutation_start_kernel(PhiloxState state, uint32_t n, int64_t stride, int64_t* out, int32_t* target,
                             Mark* marks) {
  for (uint32_t i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) {
    const PhiloxBlock block = philox(state.seed, state.offset + i / 2, state.stream);
    const uint32_t low = i % 2 ? block.word[2] : block.word[0], high = i % 2 ? block.word[3] : block.word[1];
    target[i] = i == 0 ? kDone : static_cast<int32_t>(uniform_integer(low, high, uint64_t{i} + 1));
    out[i * stride] = i;
    marks[i] = 0;
  }
}

// bytes: 4 a number + 16 an exchange that is left, in each of O(log n) rounds
__global__ void __launch_bounds__(kPermutationThreads)
    permutation_reserve_kernel(uint32_t round, uint32_t n, const int32_t* target, Mark* marks) {
  for (uint32_t i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) {
    if (target[i] == kDone) continue;
    const Mark mark = static_cast<Mark>(round) << 32 | i;
    atomicMax(&marks[i], mark);
    atomicMax(&marks[target[i]], mark);
  }
}

/// *left becomes `round` if exchanges are left after it.
// bytes: 4 a number + 16 an exchange that is left + 36 one that happens, in each of O(log n) rounds
__global__ void __launch_bounds__(kPermutationThreads)
    permutation_exchange_kernel(uint32_t round, uint32_t n, int64_t stride, int64_t* out, int32_t* target,
                                const Mark* marks, unsigned* left) {
  bool waits = false;
  for (uint32_t i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) {
    const int32_t other = target[i];
    if (other == kDone) continue;
    const Mark mark = static_cast<Mark>(round) << 32 | i;
    if (marks[i] == mark && marks[other] == mark) {
      const int64_t value = out[i * stride];
      out[i * stride] = out[other * stride];
      out[other * stride] = value;
      target[i] = kDone;
    } else {
      waits = true;
    }
  }
  if (__syncthreads_or(waits) && threadIdx.x == 0) atomicMax(left, round);
}

namespace {

constexpr uint32_t kRoundsAtOnce = 4;  // between two looks at *left, for which the host waits

struct Block {
  void* data;
  explicit Block(size_t bytes) : data(allocate(bytes)) {
    GG_CHECK(data, "random_permutation: out of memory on " GG_CUDA_NS_NAME ": asked for ", bytes, " bytes");
  }
  ~Block() { release(data); }
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;
};

}  // namespace

void random_permutation(Array out, const PhiloxState* state) {
  GG_CHECK(out.dtype == i64 && out.rank() == 1, "random_permutation: expected int64 with one axis, got ", out.dtype,
           " ", out.shape);
  GG_CHECK(out.numel() <= INT32_MAX, "random_permutation: at most 2^31-1 elements, got ", out.numel());
  if (out.numel() == 0) return;
  const auto n = static_cast<uint32_t>(out.numel());
  const Block block(n * (sizeof(Mark) + sizeof(int32_t)) + sizeof(unsigned));
  auto* marks = static_cast<Mark*>(block.data);
  auto* target = reinterpret_cast<int32_t*>(marks + n);
  auto* left = reinterpret_cast<unsigned*>(target + n);
  const unsigned grid = grid_for(n, kPermutationThreads);
  auto* values = out.as<int64_t>();
  const int64_t stride = out.strides[0];
  fill_zero(left, sizeof(unsigned));
  launch("random_permutation (start)", permutation_start_kernel, grid, kPermutationThreads, 0, *state, n, stride,
         values, target, marks);
  for (uint32_t round = 1;; ++round) {
    launch("random_permutation (reserve)", permutation_reserve_kernel, grid, kPermutationThreads, 0, round, n, target,
           marks);
    launch("random_permutation (exchange)", permutation_exchange_kernel, grid, kPermutationThreads, 0, round, n, stride,
           values, target, marks, left);
    if (round % kRoundsAtOnce != 0) continue;
    unsigned last = 0;
    copy_to_host(&last, left, sizeof last);
    if (last != round) return;
  }
}

}  // namespace gg::GG_CUDA_NS
