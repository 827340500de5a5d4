// Radix sort from the lowest digit up, four bits a pass. A block takes a tile of 2048 keys, each warp 256 consecutive
// ones of it. The rank of a key among equal digits is counted by ballots: lanes of the same round by bit masks, earlier
// rounds and warps by counters in shared memory. So no order is left to chance, and keys with equal digits keep theirs.
//
// In a row of up to 32 keys each counts those before it. A row of up to one tile goes through all passes in one launch.
// Beyond, a pass counts the digits of each tile, sums the counts over the digits and tiles of its row, and moves the
// pairs: with keys of 4 bytes 12 read and 8 written per key and pass.
#include "cuda/radix_sort.h"

#include <bit>

#include "cuda/reduce.cuh"
#include "cuda/scratch.h"
#include "cuda/strided.h"

namespace gg::GG_CUDA_NS {

inline constexpr int kSortThreads = 256, kSortWarps = kSortThreads / 32, kSortItems = 8, kDigitBits = 4;
inline constexpr uint32_t kSortTile = kSortThreads * kSortItems, kDigits = 1u << kDigitBits;
template <class Key>
inline constexpr Key kBeyond = static_cast<Key>(-1);  // not before any other, for the end of the last tile

/// Which element of its tile item i of a thread is: warps take consecutive runs.
__device__ inline uint32_t sort_place(int i) {
  return threadIdx.x / 32 * (32 * kSortItems) + static_cast<uint32_t>(i) * 32 + threadIdx.x % 32;
}

/// A warp a row, count <= 32.
// bytes: 2·key + 4 a key, the least
template <class Key>
__global__ void __launch_bounds__(kSortThreads)
    sort_short_kernel(uint32_t rows, uint32_t count, Key mask, const Key* keys, Key* sorted, uint32_t* positions) {
  const uint32_t lane = threadIdx.x % 32, at_once = gridDim.x * kSortWarps;
  for (uint32_t row = blockIdx.x * kSortWarps + threadIdx.x / 32; row < rows; row += at_once) {
    const Key whole = lane < count ? keys[row * count + lane] : Key(0), key = whole & mask;
    uint32_t before = 0;
    for (uint32_t k = 0; k < count; ++k) {
      const Key other = __shfl_sync(kFullMask, key, static_cast<int>(k));
      before += other < key || (other == key && k < lane);
    }
    if (lane >= count) continue;
    sorted[row * count + before] = whole;
    positions[row * count + before] = lane;
  }
}

struct DigitRanks {
  uint32_t digit[kSortItems];
  uint32_t rank[kSortItems];  ///< of each item among the tile's items with its digit
  const uint32_t* totals;     ///< how often each digit occurs in the tile; valid until the next call
};

/// All threads of the block must call it.
template <class Key>
__device__ DigitRanks rank_digits(const Key (&keys)[kSortItems], int shift) {
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
    const uint32_t digit = static_cast<uint32_t>(keys[i] >> shift) & (kDigits - 1);
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

/// One block a row, count <= kSortTile.
// bytes: 2·key + 4 a key, the least
template <class Key>
__global__ void __launch_bounds__(kSortThreads)
    sort_tile_kernel(uint32_t count, int bits, const Key* keys, Key* sorted, uint32_t* positions) {
  GG_SHARED(Key, moved_keys, [kSortTile]);
  GG_SHARED(uint32_t, moved_positions, [kSortTile]);
  keys += blockIdx.x * count;
  sorted += blockIdx.x * count;
  positions += blockIdx.x * count;
  Key key[kSortItems];
  uint32_t position[kSortItems];
#pragma unroll
  for (int i = 0; i < kSortItems; ++i) {
    position[i] = sort_place(i);
    key[i] = position[i] < count ? keys[position[i]] : kBeyond<Key>;
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

template <class Key>
__device__ void load_tile(Key (&key)[kSortItems], const Key* keys, uint32_t tile, uint32_t count) {
#pragma unroll
  for (int i = 0; i < kSortItems; ++i) {
    const uint32_t place = tile * kSortTile + sort_place(i);
    key[i] = place < count ? keys[place] : kBeyond<Key>;
  }
}

/// counts[row][digit][tile]
// bytes: key; with the other two kernels 3·key + 8 a key and pass of four bits
template <class Key>
__global__ void __launch_bounds__(kSortThreads)
    sort_count_kernel(uint32_t count, Divisor tiles, int shift, const Key* keys, uint32_t* counts) {
  const uint32_t row = tiles.quotient(blockIdx.x), tile = blockIdx.x - row * tiles.value;
  Key key[kSortItems];
  load_tile(key, keys + row * count, tile, count);
  const DigitRanks ranks = rank_digits(key, shift);
  if (threadIdx.x < kDigits) counts[(row * kDigits + threadIdx.x) * tiles.value + tile] = ranks.totals[threadIdx.x];
}

/// Each of a row's `count` values becomes the sum of those before it. One block a row.
// bytes: 8 a counter, of which there are 16 for 2048 keys
__global__ void __launch_bounds__(kSortThreads) sort_scan_kernel(uint32_t count, uint32_t* values) {
  constexpr uint32_t kEach = 4;
  GG_SHARED(uint32_t, warp_sums, [kSortWarps]);
  values += blockIdx.x * count;
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

/// starts[row][digit][tile]: where the tile's first key with that digit goes. Without positions, each is its place.
// bytes: key + 4 read and written a key
template <class Key>
__global__ void __launch_bounds__(kSortThreads)
    sort_move_kernel(uint32_t count, Divisor tiles, int shift, const Key* keys, const uint32_t* positions,
                     const uint32_t* starts, Key* moved_keys, uint32_t* moved_positions) {
  const uint32_t row = tiles.quotient(blockIdx.x), tile = blockIdx.x - row * tiles.value, first = row * count;
  Key key[kSortItems];
  load_tile(key, keys + first, tile, count);
  const DigitRanks ranks = rank_digits(key, shift);
#pragma unroll
  for (int i = 0; i < kSortItems; ++i) {
    const uint32_t place = tile * kSortTile + sort_place(i);
    if (place >= count) continue;
    const uint32_t to = first + starts[(row * kDigits + ranks.digit[i]) * tiles.value + tile] + ranks.rank[i];
    moved_keys[to] = key[i];
    moved_positions[to] = positions ? positions[first + place] : place;
  }
}

template <class Key>
int sort_rows(const RadixBuffers<Key>& b, uint32_t rows, uint32_t count, int bits) {
  if (rows == 0 || count == 0) return 0;
  if (count <= 32) {
    const Key mask = kBeyond<Key> >> (8 * sizeof(Key) - static_cast<size_t>(bits));
    launch("sort_short", sort_short_kernel<Key>, grid_for(int64_t{rows} * 32, kSortThreads), kSortThreads, 0, rows,
           count, mask, b.keys[0], b.keys[1], b.positions[1]);
    return 1;
  }
  if (count <= kSortTile) {
    launch("sort_tile", sort_tile_kernel<Key>, rows, kSortThreads, 0, count, bits, b.keys[0], b.keys[1],
           b.positions[1]);
    return 1;
  }
  const uint32_t tiles = (count + kSortTile - 1) / kSortTile, grid = rows * tiles;
  DeviceScratch counts(sizeof(uint32_t) * kDigits * grid, Device::GG_CUDA_NS);
  int from = 0;
  for (int shift = 0; shift < bits; shift += kDigitBits, from = 1 - from) {
    launch("sort_count", sort_count_kernel<Key>, grid, kSortThreads, 0, count, Divisor(tiles), shift, b.keys[from],
           counts.as<uint32_t>());
    launch("sort_scan", sort_scan_kernel, rows, kSortThreads, 0, kDigits * tiles, counts.as<uint32_t>());
    launch("sort_move", sort_move_kernel<Key>, grid, kSortThreads, 0, count, Divisor(tiles), shift, b.keys[from],
           shift == 0 ? nullptr : b.positions[from], counts.as<const uint32_t>(), b.keys[1 - from],
           b.positions[1 - from]);
  }
  return from;
}

template int sort_rows(const RadixBuffers<uint32_t>&, uint32_t, uint32_t, int);
template int sort_rows(const RadixBuffers<uint64_t>&, uint32_t, uint32_t, int);

int sort_positions(const SortBuffers& buffers, uint32_t count, uint32_t limit) {
  return sort_rows(buffers, 1, count, std::bit_width(limit | 1u));
}

}  // namespace gg::GG_CUDA_NS
