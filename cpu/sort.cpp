// Elements become pairs of key and position, all different and ordered by a plain comparison: so every algorithm here
// is stable. Short rows go through std::sort, long ones through a radix sort from the lowest digit up, which skips
// digits that all keys share; the first few of many through a buffer of candidates.
#include "cpu/sort.h"

#include <algorithm>
#include <array>
#include <type_traits>

#include "core/position_arrays.h"
#include "core/sort_key.h"
#include "cpu/rows.h"

namespace gg::cpu {
namespace {

struct WidePair {
  uint64_t key;
  uint32_t position;
  bool operator<(const WidePair& other) const {
    return key < other.key || (key == other.key && position < other.position);
  }
};

// A 32-bit key and its position are one number.
template <class T>
using Pair = std::conditional_t<sizeof(SortKey<T>) == 4, uint64_t, WidePair>;

template <class T>
Pair<T> make_pair_of(T x, int64_t position, bool descending) {
  const auto key = sort_key(x, descending);
  if constexpr (std::is_same_v<Pair<T>, uint64_t>) {
    return uint64_t{key} << 32 | static_cast<uint32_t>(position);
  } else {
    return {key, static_cast<uint32_t>(position)};
  }
}
uint64_t position_of(uint64_t pair) { return pair & 0xffffffffu; }
uint64_t position_of(const WidePair& pair) { return pair.position; }
uint64_t key_of(uint64_t pair) { return pair >> 32; }
uint64_t key_of(const WidePair& pair) { return pair.key; }

/// Sorts a[0, n); `other` has room for as many. Returns which of the two holds the result.
template <int kBits, int kKeyBits, class P>
P* radix_sort(P* a, P* other, int64_t n) {
  constexpr int kPasses = (kKeyBits + kBits - 1) / kBits;
  constexpr uint64_t kMask = (1u << kBits) - 1;
  Scratch scratch(sizeof(uint32_t) * kPasses << kBits);
  auto* counts = scratch.as<uint32_t>();
  std::fill_n(counts, kPasses << kBits, 0u);
  for (int64_t i = 0; i < n; ++i) {
    for (int p = 0; p < kPasses; ++p) ++counts[(p << kBits) + static_cast<int>(key_of(a[i]) >> p * kBits & kMask)];
  }
  for (int p = 0; p < kPasses; ++p) {
    uint32_t* at = counts + (p << kBits);
    if (at[key_of(a[0]) >> p * kBits & kMask] == n) continue;
    uint32_t sum = 0;
    for (uint64_t d = 0; d <= kMask; ++d) {
      const uint32_t count = at[d];
      at[d] = sum;
      sum += count;
    }
    for (int64_t i = 0; i < n; ++i) other[at[key_of(a[i]) >> p * kBits & kMask]++] = a[i];
    std::swap(a, other);
  }
  return a;
}

/// The first k of x[0, n), in order. `pairs` has room for room_for(k): a few are kept in order, more are candidates of
/// which all but the first k are dropped whenever the room is full.
constexpr int64_t room_for(int64_t k) { return k <= 32 ? k : 2 * k + 64; }

template <bool kDescending, class T>
void first_of_row(Pair<T>* pairs, const T* x, int64_t n, int64_t k) {
  const int64_t room = room_for(k);
  int64_t count = room;
  for (int64_t i = 0; i < count; ++i) pairs[i] = make_pair_of(x[i], i, kDescending);
  auto drop = [&] {
    std::nth_element(pairs, pairs + k - 1, pairs + count);
    count = k;
  };
  room == k ? std::sort(pairs, pairs + k) : drop();
  Pair<T> limit = pairs[k - 1];
  T last = x[position_of(limit)];
  for (int64_t i = room; i < n; ++i) {
    if (kDescending ? x[i] <= last : x[i] >= last) continue;  // most; those left may be NaN
    const Pair<T> pair = make_pair_of(x[i], i, kDescending);
    if (!(pair < limit)) continue;
    if (room == k) {
      int64_t at = k - 1;
      for (; at > 0 && pair < pairs[at - 1]; --at) pairs[at] = pairs[at - 1];
      pairs[at] = pair;
    } else {
      pairs[count++] = pair;
      if (count < room) continue;
      drop();
    }
    limit = pairs[k - 1];
    last = x[position_of(limit)];
  }
  if (room == k) return;
  drop();
  std::sort(pairs, pairs + k);
}

template <class T>
void sort_row(int64_t* out, int64_t step, const T* x, int64_t n, int64_t k, bool descending) {
  using P = Pair<T>;
  constexpr int kKeyBits = 8 * sizeof(SortKey<T>);
  constexpr int64_t kShort = kKeyBits == 32 ? 48 : 128, kLong = 16 * 1024;
  const bool few = room_for(k) <= n / 4;
  const int64_t room = few ? room_for(k) : n;
  Scratch scratch(sizeof(P) * static_cast<size_t>(few || n < kShort ? room : 2 * room));
  P* pairs = scratch.as<P>();
  if (few) {
    descending ? first_of_row<true>(pairs, x, n, k) : first_of_row<false>(pairs, x, n, k);
  } else {
    for (int64_t i = 0; i < n; ++i) pairs[i] = make_pair_of(x[i], i, descending);
    if (n < kShort) {
      std::sort(pairs, pairs + n);
    } else if (n < kLong) {
      pairs = radix_sort<8, kKeyBits>(pairs, pairs + n, n);
    } else {
      pairs = radix_sort<11, kKeyBits>(pairs, pairs + n, n);
    }
  }
  for (int64_t i = 0; i < k; ++i) out[i * step] = static_cast<int64_t>(position_of(pairs[i]));
}

template <class T>
void sort_rows(const Array& indices, const Array& x, bool descending) {
  const int last = x.rank() - 1;
  const RowArray lines(x, true);
  const Array& from = lines.rows();
  const int64_t n = x.shape[last], k = indices.shape[last];
  Walk<2> w;
  for (int i = 0; i < last; ++i) w.push(x.shape[i], {indices.strides[i], from.strides[i]});
  constexpr int64_t kGrain = 8 * 1024;  // elements in a chunk
  parallel_for(w.numel(), std::max<int64_t>(1, kGrain / n), [&](int64_t begin, int64_t end) {
    for_positions(w, w.rank, begin, end, [&](const std::array<int64_t, 2>& at) {
      sort_row(indices.as<int64_t>() + at[0], indices.strides[last], from.as<const T>() + at[1], n, k, descending);
    });
  });
}

}  // namespace

void argsort(Array indices, Array x, bool descending) {
  check_argsort(indices, x);
  GG_CHECK(x.shape[x.rank() - 1] <= int64_t{UINT32_MAX}, "argsort: rows of ", x.shape, " are longer than 2^32-1");
  if (indices.numel() == 0) return;
  switch (x.dtype) {
    case DType::f32:
      return sort_rows<float>(indices, x, descending);
    case DType::f64:
      return sort_rows<double>(indices, x, descending);
    case DType::i64:
      return sort_rows<int64_t>(indices, x, descending);
    default:
      fail("argsort: not defined for ", x.dtype);
  }
}

}  // namespace gg::cpu
