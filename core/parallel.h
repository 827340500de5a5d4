// The library's one thread pool.
//
// Work is cut into chunks whose number and bounds depend on the problem only, never on the number of threads, so
// results are bitwise the same for any number. Chunks are claimed from a counter; the caller works too, and never waits
// for a worker that has not started. Nested calls, and calls while another thread holds the pool, run serially.
#pragma once

#include <cstdint>
#include <type_traits>

namespace gg {

/// Threads that parallel work may use, the caller included. Default: GG_NUM_THREADS, else the processors available.
int num_threads();

/// Sets that number (≥ 1). Not to be called while parallel work runs.
void set_num_threads(int n);

namespace detail {
using ChunkFn = void (*)(void* context, int64_t chunk);
void parallel_chunks(int64_t chunks, ChunkFn fn, void* context);
}  // namespace detail

/// Calls fn(chunk) once for each chunk in [0, chunks), in any order, possibly at once. Rethrows the first exception.
template <class Fn>
void parallel_chunks(int64_t chunks, Fn&& fn) {
  if (chunks == 1) return fn(int64_t{0});
  using F = std::remove_reference_t<Fn>;
  detail::parallel_chunks(
      chunks, [](void* f, int64_t c) { (*static_cast<F*>(f))(c); }, const_cast<void*>(static_cast<const void*>(&fn)));
}

/// Calls fn(begin, end) on consecutive ranges of at most `grain` items that cover [0, n).
template <class Fn>
void parallel_for(int64_t n, int64_t grain, Fn&& fn) {
  if (n <= 0) return;
  if (grain < 1) grain = 1;
  parallel_chunks((n + grain - 1) / grain, [&](int64_t c) {
    int64_t begin = c * grain, end = begin + grain < n ? begin + grain : n;
    fn(begin, end);
  });
}

}  // namespace gg
