#include "bench/limits.h"

#include <functional>
#include <thread>

#include "core/isa.h"
#include "ops/copy.h"
#include "ops/creation.h"
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace gg::bench {
namespace {

// Twelve independent chains: enough to fill two pipelines of a latency of five or six cycles.
constexpr int kChains = 12;
constexpr int64_t kArray = int64_t{128} << 20 >> 2;  // floats

struct Loops {
  const char* name;
  int lanes;
  float (*fma)(int64_t rounds);
  void (*copy)(float* c, const float* a, int64_t n);
  void (*triad)(float* c, const float* a, const float* b, int64_t n);
  void (*update)(float* a, int64_t n);
};

float fma_baseline(int64_t rounds) {
  float x[kChains * 4];
  for (float& v : x) v = 1;
  for (int64_t i = 0; i < rounds; ++i) {
    for (float& v : x) v = v * 0.999f + 1e-3f;
  }
  return x[0];
}
void copy_baseline(float* c, const float* a, int64_t n) {
  for (int64_t i = 0; i < n; ++i) c[i] = a[i];
}
void triad_baseline(float* c, const float* a, const float* b, int64_t n) {
  for (int64_t i = 0; i < n; ++i) c[i] = a[i] + 0.5f * b[i];
}
void update_baseline(float* a, int64_t n) {
  for (int64_t i = 0; i < n; ++i) a[i] *= 0.999f;
}

#if defined(__x86_64__)
// Each set of loops is compiled for its own instruction set and called only where the processor has it.
#define GG_LOOPS(name, options, V, lanes, prefix)                                                                      \
  [[gnu::target(options)]] float fma_##name(int64_t rounds) {                                                          \
    V factor = prefix##_set1_ps(0.999f), summand = prefix##_set1_ps(1e-3f);                                            \
    V x[kChains];                                                                                                      \
    for (V & v : x) v = prefix##_set1_ps(1);                                                                           \
    for (int64_t i = 0; i < rounds; ++i) {                                                                             \
      _Pragma("GCC unroll 12") for (V & v : x) v = prefix##_fmadd_ps(v, factor, summand);                              \
    }                                                                                                                  \
    for (int k = 1; k < kChains; ++k) x[0] = prefix##_add_ps(x[0], x[k]);                                              \
    float out[lanes];                                                                                                  \
    prefix##_storeu_ps(out, x[0]);                                                                                     \
    return out[0];                                                                                                     \
  }                                                                                                                    \
  [[gnu::target(options)]] void copy_##name(float* c, const float* a, int64_t n) {                                     \
    for (int64_t i = 0; i < n; i += lanes) prefix##_stream_ps(c + i, prefix##_loadu_ps(a + i));                        \
  }                                                                                                                    \
  [[gnu::target(options)]] void triad_##name(float* c, const float* a, const float* b, int64_t n) {                    \
    V factor = prefix##_set1_ps(0.5f);                                                                                 \
    for (int64_t i = 0; i < n; i += lanes) {                                                                           \
      prefix##_stream_ps(c + i, prefix##_fmadd_ps(prefix##_loadu_ps(b + i), factor, prefix##_loadu_ps(a + i)));        \
    }                                                                                                                  \
  }                                                                                                                    \
  [[gnu::target(options)]] void update_##name(float* a, int64_t n) {                                                   \
    V factor = prefix##_set1_ps(0.999f);                                                                               \
    for (int64_t i = 0; i < n; i += lanes) prefix##_store_ps(a + i, prefix##_mul_ps(factor, prefix##_load_ps(a + i))); \
  }
GG_LOOPS(avx2, "avx2,fma", __m256, 8, _mm256)
GG_LOOPS(avx512, "avx512f", __m512, 16, _mm512)
#undef GG_LOOPS
#endif

Loops choose_loops() {
#if defined(__x86_64__)
  if (cpu::best_isa() == cpu::Isa::avx512) return {"avx512", 16, fma_avx512, copy_avx512, triad_avx512, update_avx512};
  if (cpu::best_isa() == cpu::Isa::avx2) return {"avx2", 8, fma_avx2, copy_avx2, triad_avx2, update_avx2};
#endif
  return {"baseline", 4, fma_baseline, copy_baseline, triad_baseline, update_baseline};
}

// fn(thread) in all threads at once.
void in_threads(int threads, const std::function<void(int)>& fn) {
  std::vector<std::thread> others;
  for (int t = 1; t < threads; ++t) others.emplace_back(fn, t);
  fn(0);
  for (std::thread& t : others) t.join();
}

}  // namespace

Limits measure_limits(const Settings& settings) {
  Settings s = settings;
  s.seconds = std::max(0.1, s.seconds);
  Loops loops = choose_loops();
  int n = s.threads;
  Limits limits;
  limits.isa = loops.name;

  constexpr int64_t kRounds = 5'000'000;
  volatile float sink = 0;
  double seconds = measure(s, [&] { in_threads(n, [&](int) { sink = loops.fma(kRounds); }); });
  limits.fma = 2.0 * kChains * loops.lanes * kRounds * n / seconds;

  // Of our allocator: in huge pages that begin at different distances from one, since equal ones would share places in
  // caches and memory banks.
  Tensor arrays[] = {empty({kArray}), empty({kArray}), empty({kArray})};
  float *const a = arrays[0].mutable_data<float>(), *const b = arrays[1].mutable_data<float>(),
               *const c = arrays[2].mutable_data<float>();
  int64_t part = kArray / n / 64 * 64;
  in_threads(n, [&](int t) {
    for (float* p : {a, b, c}) std::fill(p + t * part, p + (t == n - 1 ? kArray : (t + 1) * part), 1.0f);
  });
  double bytes = 4.0 * static_cast<double>(part) * n;
  seconds = measure(s, [&] {
    in_threads(n, [&](int t) { loops.copy(c + t * part, a + t * part, part); });
    asm volatile("" ::: "memory");
  });
  limits.copy = 2 * bytes / seconds;
  seconds = measure(s, [&] {
    in_threads(n, [&](int t) { loops.triad(c + t * part, a + t * part, b + t * part, part); });
    asm volatile("" ::: "memory");
  });
  limits.triad = 3 * bytes / seconds;
  seconds = measure(s, [&] {
    in_threads(n, [&](int t) { loops.update(c + t * part, part); });
    asm volatile("" ::: "memory");
  });
  limits.update = 2 * bytes / seconds;
  return limits;
}

double measure_copy(Device device, const Settings& settings) {
  const int64_t bytes = device.type == Device::cuda ? int64_t{512} << 20 : 1 << 16;
  const Tensor from = zeros({bytes / 4}, {f32, device}), to = empty({bytes / 4}, {f32, device});
  constexpr int kCalls = 10;
  const double seconds = measure(settings, [&] {
    for (int i = 0; i < kCalls; ++i) copy_(to, from);
    synchronize(device);
  });
  return 2.0 * kCalls * static_cast<double>(bytes) / seconds;
}

}  // namespace gg::bench
