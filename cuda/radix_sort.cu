// Radix sort from the lowest digit up, four bits a pass. A block takes a tile of 2048 keys, each warp 256 consecutive
// ones of it. The rank of a key among equal digits is counted by ballots: lanes of the same round by bit masks, earlier
// rounds and warps by counters in shared memory. So no order is left to chance, and keys with equal digits keep theirs.
//
// Up to one tile, all passes run in one launch. Beyond, a pass counts the digits of each tile, sums the counts over
// digits and tiles, and moves the pairs: 12 bytes read and 8 written per key and pass.
#include "cuda/radix_sort.h"

#include <bit>

#include "cuda/reduce.cuh"
#include "cuda/scratch.h"

namespace gg::GG_CUDA_NS {

inline constexpr int kSortThreads = 256, kSortWarps = kSortThreads / 32, kSortItems = 8, kDigitBits = 4;
inline constexpr uint32_t kSortTile = kSortThreads * kSortItems, kDigits = 1u << kDigitBits;
inline constexpr uint32_t kBeyond = 0xffffffffu;  // a key behind all others, for the end of the last tile

/// Which element of its tile item i of a thread is: warps take consecutive runs.
__device__ inline uint32_t sort_place(int i) {
  return threadIdx.x / 32 * (32 * kSortItems) + static_cast<uint32_t>(i) * 32 + threadIdx.x % 32;
}

struct DigitRanks {
  uint32_t digit[kSortItems];
  uint32_t rank[kSortItems];  ///< of each item among the tile's items with its digit
  const uint32_t* totals;     ///< how often each digit occurs in the tile; valid until the next call
};

/// All threads of the block must call it.
__device__ inline DigitRanks rank_digits(const uint32_t (&keys)[kSortItems], int shift) {
  GG_SHARED(uint32_t, counts, [kSortWarps][kDigits]);
  GG_SHARED(uint32_t, totals, [kDigits]);
  const uint32_t lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  DigitRanks ranks;
  ranks.totals = totals;
  __syncthreads();  // the last call's readers must be done
  if (lane < kDigits) counts[warp][lane] = 0;
  __syncwarp();
#pragma unroll
  for (int i = 0; i < kSortItems; ++i) {
    const uint32_t digit = keys[i] >> shift & (kDigits - 1);
    uint32_t peers = kFullMask;
#pragma unroll
    for (int bit = 0; bit < kDigitBits; ++bit) {
      const bool set = digit >> bit & 1;
      const uint32_t with_set = __ballot_sync(kFullMask, set);
      peers &= set ? with_set : ~with_set;
    }
    const uint32_t below = peers & ((1u << lane) - 1);
    ranks.digit[i] = digit;
    ranks.rank[i] = counts[warp][digit] + static_cast<uint32_t>(__popc(below));
    __syncwarp();
    if (below == 0) counts[warp][digit] += static_cast<uint32_t>(__popc(peers));
    __syncwarp();
  }
  __syncthreads();
  if (threadIdx.x < kDigits) {
    uint32_t sum = 0;
    for (int w = 0; w < kSortWarps; ++w) {
      const uint32_t count = counts[w][threadIdx.x];
      counts[w][threadIdx.x] = sum;
      sum += count;
    }
    totals[threadIdx.x] = sum;
  }
  __syncthreads();
#pragma unroll
  for (int i = 0; i < kSortItems; ++i) ranks.rank[i] += counts[warp][ranks.digit[i]];
  return ranks;
}

/// One block, count <= kSortTile.
// bytes: 4 read and 8 written a key, the least
__global__ void __launch_bounds__(kSortThreads)
    sort_tile_kernel(uint32_t count, int bits, const uint32_t* keys, uint32_t* sorted, uint32_t* positions) {
  GG_SHARED(uint32_t, moved_keys, [kSortTile]);
  GG_SHARED(uint32_t, moved_positions, [kSortTile]);
  uint32_t key[kSortItems], position[kSortItems];
#pragma unroll
  for (int i = 0; i < kSortItems; ++i) {
    position[i] = sort_place(i);
    key[i] = position[i] < count ? keys[position[i]] : kBeyond;
  }
  for (int shift = 0; shift < bits; shift += kDigitBits) {
    const DigitRanks ranks = rank_digits(key, shift);
#pragma unroll
    for (int i = 0; i < kSortItems; ++i) {
      uint32_t to = ranks.rank[i];
      for (uint32_t d = 0; d < kDigits; ++d) to += d < ranks.digit[i] ? ranks.totals[d] : 0;
      moved_keys[to] = key[i];
      moved_positions[to] = position[i];
    }
    __syncthreads();
#pragma unroll
    for (int i = 0; i < kSortItems; ++i) {
      key[i] = moved_keys[sort_place(i)];
      position[i] = moved_positions[sort_place(i)];
    }
  }
#pragma unroll
  for (int i = 0; i < kSortItems; ++i) {
    const uint32_t place = sort_place(i);
    if (place >= count) continue;
    sorted[place] = key[i];
    positions[place] = position[i];
  }
}

__device__ inline void load_tile(uint32_t (&key)[kSortItems], const uint32_t* keys, uint32_t tile, uint32_t count) {
#pragma unroll
  for (int i = 0; i < kSortItems; ++i) {
    const uint32_t place = tile * kSortTile + sort_place(i);
    key[i] = place < count ? keys[place] : kBeyond;
  }
}

/// counts[digit][tile]
// bytes: 4 a key; with the other two kernels 20 a key and pass of four bits
__global__ void __launch_bounds__(kSortThreads)
    sort_count_kernel(uint32_t count, int shift, const uint32_t* keys, uint32_t* counts) {
  uint32_t key[kSortItems];
  load_tile(key, keys, blockIdx.x, count);
  const DigitRanks ranks = rank_digits(key, shift);
  if (threadIdx.x < kDigits) counts[threadIdx.x * gridDim.x + blockIdx.x] = ranks.totals[threadIdx.x];
}

/// values[i] becomes the sum of those before it. One block.
// bytes: 8 a counter, of which there are 16 for 2048 keys
__global__ void __launch_bounds__(kSortThreads) sort_scan_kernel(uint32_t count, uint32_t* values) {
  constexpr uint32_t kEach = 4;
  GG_SHARED(uint32_t, warp_sums, [kSortWarps]);
  const uint32_t lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  uint32_t before = 0;  // all tiles of values so far
  for (uint32_t base = 0; base < count; base += kSortThreads * kEach) {
    const uint32_t first = base + threadIdx.x * kEach;
    uint32_t v[kEach], sum = 0;
#pragma unroll
    for (uint32_t k = 0; k < kEach; ++k) {
      v[k] = first + k < count ? values[first + k] : 0;
      sum += v[k];
    }
    uint32_t inclusive = sum;
    for (unsigned lanes = 1; lanes < 32; lanes *= 2) {
      const uint32_t other = __shfl_up_sync(kFullMask, inclusive, lanes);
      if (lane >= lanes) inclusive += other;
    }
    __syncthreads();  // the last round's readers must be done
    if (lane == 31) warp_sums[warp] = inclusive;
    __syncthreads();
    uint32_t at = before + inclusive - sum;
    for (uint32_t w = 0; w < kSortWarps; ++w) {
      if (w < warp) at += warp_sums[w];
      before += warp_sums[w];
    }
#pragma unroll
    for (uint32_t k = 0; k < kEach; ++k) {
      if (first + k < count) values[first + k] = at;
      at += v[k];
    }
  }
}

/// starts[digit][tile]: where the tile's first key with that digit goes. Without positions, each is its place.
// bytes: 8 read and 8 written a key
__global__ void __launch_bounds__(kSortThreads)
    sort_move_kernel(uint32_t count, int shift, const uint32_t* keys, const uint32_t* positions, const uint32_t* starts,
                     uint32_t* moved_keys, uint32_t* moved_positions) {
  uint32_t key[kSortItems];
  load_tile(key, keys, blockIdx.x, count);
  const DigitRanks ranks = rank_digits(key, shift);
#pragma unroll
  for (int i = 0; i < kSortItems; ++i) {
    const uint32_t place = blockIdx.x * kSortTile + sort_place(i);
    if (place >= count) continue;
    const uint32_t to = starts[ranks.digit[i] * gridDim.x + blockIdx.x] + ranks.rank[i];
    moved_keys[to] = key[i];
    moved_positions[to] = positions ? positions[place] : place;
  }
}

int sort_positions(const SortBuffers& b, uint32_t count, uint32_t limit) {
  const int bits = std::bit_width(limit | 1u);
  if (count <= kSortTile) {
    launch("sort_tile", sort_tile_kernel, 1, kSortThreads, 0, count, bits, b.keys[0], b.keys[1], b.positions[1]);
    return 1;
  }
  const uint32_t tiles = (count + kSortTile - 1) / kSortTile;
  DeviceScratch counts(sizeof(uint32_t) * kDigits * tiles, Device::GG_CUDA_NS);
  int from = 0;
  for (int shift = 0; shift < bits; shift += kDigitBits, from = 1 - from) {
    launch("sort_count", sort_count_kernel, tiles, kSortThreads, 0, count, shift, b.keys[from], counts.as<uint32_t>());
    launch("sort_scan", sort_scan_kernel, 1, kSortThreads, 0, kDigits * tiles, counts.as<uint32_t>());
    launch("sort_move", sort_move_kernel, tiles, kSortThreads, 0, count, shift, b.keys[from],
           shift == 0 ? nullptr : b.positions[from], counts.as<const uint32_t>(), b.keys[1 - from],
           b.positions[1 - from]);
  }
  return from;
}

}  // namespace gg::GG_CUDA_NS
