#include "cpu/matmul.h"

#include <cblas.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <string_view>
#include <type_traits>
#include <vector>

#include "core/isa.h"
#include "core/matmul_plan.h"
#include "core/parallel.h"
#include "cpu/copy.h"
#include "cpu/kernels/gemm.h"
#include "cpu/library_threads.h"
#include "cpu/onednn.h"
#include "cpu/scratch.h"

namespace gg::cpu {
namespace {

std::atomic<GemmBackend> chosen_backend{GemmBackend::automatic};

// One matrix product that needs no copy, written over c or added to it: c is row-major with distance ldc between rows.
template <class T>
struct Product {
  int64_t m, n, k;
  const T* a;
  int64_t a_row, a_col;
  BlasView a_view;
  const T* b;
  int64_t b_row, b_col;
  BlasView b_view;
  T* c;
  int64_t ldc;
  bool add;

  GemmArgs<T> args() const { return {m, n, k, a, a_row, a_col, b, b_row, b_col, c, ldc, add}; }
};

void openblas(const Product<float>& p) {
  OneBlasCaller alone;
  cblas_sgemm(CblasRowMajor, p.a_view.transposed ? CblasTrans : CblasNoTrans,
              p.b_view.transposed ? CblasTrans : CblasNoTrans, p.m, p.n, p.k, 1.0f, p.a, p.a_view.ld, p.b, p.b_view.ld,
              p.add ? 1.0f : 0.0f, p.c, p.ldc);
}

void openblas(const Product<double>& p) {
  OneBlasCaller alone;
  cblas_dgemm(CblasRowMajor, p.a_view.transposed ? CblasTrans : CblasNoTrans,
              p.b_view.transposed ? CblasTrans : CblasNoTrans, p.m, p.n, p.k, 1.0, p.a, p.a_view.ld, p.b, p.b_view.ld,
              p.add ? 1.0 : 0.0, p.c, p.ldc);
}

template <class T>
void own(const Product<T>& p) {
  const GemmKernels& kernels = gemm_kernels();
  Scratch scratch(kernels.scratch_bytes);
  if constexpr (std::is_same_v<T, float>) {
    kernels.f32(p.args(), scratch.as<void>());
  } else {
    kernels.f64(p.args(), scratch.as<void>());
  }
}

bool fits_blas(std::initializer_list<int64_t> sizes) {
  return std::all_of(sizes.begin(), sizes.end(), [](int64_t s) { return s <= std::numeric_limits<int>::max(); });
}

// A block of a product, by the backend that suits the whole product's sizes.
template <class T>
void run_block(const Product<T>& p, GemmBackend backend) {
  if (!fits_blas({p.m, p.n, p.k, p.a_view.ld, p.b_view.ld, p.ldc})) backend = GemmBackend::own;
  if constexpr (std::is_same_v<T, float>) {
    if (backend == GemmBackend::onednn && onednn_sgemm(p.a_view.transposed, p.b_view.transposed, p.m, p.n, p.k, p.a,
                                                       p.a_view.ld, p.b, p.b_view.ld, p.c, p.ldc, p.add)) {
      return;
    }
  }
  if (backend == GemmBackend::own) return own(p);
  openblas(p);
}

// OpenBLAS wins for small sizes when both libraries use the same instructions. Where it was told to run for a lesser
// processor (its OPENBLAS_CORETYPE), oneDNN overtakes it early.
int64_t openblas_limit() {
  static const int64_t limit = [] {
    std::string_view core = openblas_get_corename();
    bool wide = core == "SkylakeX" || core == "Cooperlake" || core == "Sapphirerapids";
    return isa() == Isa::avx512 && !wide ? 24 : 64;
  }();
  return limit;
}

// x · wᵀ packs columns, which oneDNN's AVX-512 kernels do slowly: ours are 1.2 times as fast over sizes from 16 to 2048
// (geometric mean), 1.9 times where k is 2048, and rarely slower. With AVX2 there is no difference, and where b is not
// transposed oneDNN is faster.
template <class T>
GemmBackend backend_for(const Product<T>& p) {
  GemmBackend backend = chosen_backend.load(std::memory_order_relaxed);
  if (backend == GemmBackend::automatic) {
    int64_t limit = openblas_limit();
    bool small = std::max({p.m, p.n, p.k}) <= limit;
    bool thin = p.n <= 16 && p.k > 16 && limit >= 64;
    bool only_b_transposed = p.b_view.transposed && !p.a_view.transposed;
    backend = std::is_same_v<T, double> || small || thin  ? GemmBackend::openblas
              : only_b_transposed && isa() == Isa::avx512 ? GemmBackend::own
                                                          : GemmBackend::onednn;
  }
  if (std::is_same_v<T, double> && backend == GemmBackend::onednn) backend = GemmBackend::openblas;
  return backend;
}

// What several threads compute at once goes where they need not wait for each other: OpenBLAS admits one caller at a
// time (library_threads.h).
template <class T>
GemmBackend shared_backend(GemmBackend backend) {
  bool automatic = chosen_backend.load(std::memory_order_relaxed) == GemmBackend::automatic;
  if (!automatic || backend != GemmBackend::openblas) return backend;
  return std::is_same_v<T, float> ? GemmBackend::onednn : GemmBackend::own;
}

constexpr int64_t kTiny = 16;
constexpr double kSerialFlops = 1e6;  // below this a product is not worth waking a thread
constexpr double kChunkFlops = 4e6;   // what a chunk has at least: some tens of microseconds
constexpr int64_t kMaxChunks = 256;

// Rows (or columns) in a chunk. Each chunk packs the whole other operand again, which short chunks do not pay back: of
// the speed of the whole product, chunks of 64 keep 0.9, of 128 0.95, of 256 0.98.
int64_t chunk_size(int64_t length, double flops) {
  int64_t least = length >= 2048 ? 256 : length >= 256 ? 128 : 64;
  int64_t chunks = std::clamp<int64_t>(std::min<int64_t>(flops / kChunkFlops, length / least), 1, kMaxChunks);
  int64_t size = (length + chunks - 1) / chunks;
  return chunks == 1 ? length : (size + 15) / 16 * 16;
}

// m and n short, k long: fixed pieces of k into partial products, added in a fixed order.
template <class T>
void split_k(const Product<T>& p, GemmBackend backend, int64_t pieces) {
  int64_t size = (p.k + pieces - 1) / pieces;
  pieces = (p.k + size - 1) / size;
  Scratch scratch(sizeof(T) * pieces * p.m * p.n);
  T* partial = scratch.as<T>();
  parallel_chunks(pieces, [&](int64_t i) {
    Product<T> part = p;
    int64_t begin = i * size;
    part.k = std::min(size, p.k - begin);
    part.a += begin * p.a_col;
    part.b += begin * p.b_row;
    part.c = partial + i * p.m * p.n;
    part.ldc = p.n;
    part.add = false;
    run_block(part, backend);
  });
  int64_t count = p.m * p.n;
  for (int64_t step = 1; step < pieces; step *= 2) {
    for (int64_t i = 0; i + step < pieces; i += 2 * step) {
      T* to = partial + i * count;
      const T* from = partial + (i + step) * count;
      for (int64_t j = 0; j < count; ++j) to[j] += from[j];
    }
  }
  for (int64_t i = 0; i < p.m; ++i) {
    const T* from = partial + i * p.n;
    T* to = p.c + i * p.ldc;
    for (int64_t j = 0; j < p.n; ++j) to[j] = p.add ? to[j] + from[j] : from[j];
  }
}

// A batch of equal products; `offsets(i)` gives where the i-th one's matrices start.
template <class T, class Offsets>
void run_batch(const Product<T>& p, int64_t batch, Offsets offsets) {
  double flops = 2.0 * p.m * p.n * p.k;
  GemmBackend backend = backend_for(p);
  bool tiny =
      std::max({p.m, p.n, p.k}) <= kTiny && chosen_backend.load(std::memory_order_relaxed) == GemmBackend::automatic;

  auto item = [&](int64_t i) {
    Product<T> q = p;
    auto [a, b, c] = offsets(i);
    q.a += a;
    q.b += b;
    q.c += c;
    return q;
  };
  if (tiny || flops * batch < kSerialFlops || flops < kSerialFlops) {
    int64_t grain = flops * batch < kSerialFlops ? batch : std::max<int64_t>(1, kSerialFlops / std::max(flops, 100.0));
    if (grain < batch) backend = shared_backend<T>(backend);
    parallel_for(batch, grain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        Product<T> q = item(i);
        if (!tiny) {
          run_block(q, backend);
        } else if constexpr (std::is_same_v<T, float>) {
          gemm_kernels().tiny_f32(q.args());
        } else {
          gemm_kernels().tiny_f64(q.args());
        }
      }
    });
    return;
  }
  bool along_m = p.m == p.n ? p.a_view.transposed : p.m > p.n;  // of two equal ways the one that packs rows
  int64_t length = along_m ? p.m : p.n;
  int64_t size = chunk_size(length, flops);
  int64_t chunks = (length + size - 1) / size;
  if (batch == 1 && chunks == 1 && p.k >= 4096 && p.m * p.n <= 64 * 64) {
    int64_t pieces = std::min<int64_t>({16, p.k / 1024, static_cast<int64_t>(flops / kSerialFlops)});
    if (pieces > 1) return split_k(item(0), shared_backend<T>(backend), pieces);
  }
  if (batch * chunks > 1) backend = shared_backend<T>(backend);
  parallel_chunks(batch * chunks, [&](int64_t task) {
    Product<T> q = item(task / chunks);
    int64_t begin = task % chunks * size;
    int64_t count = std::min(size, length - begin);
    if (along_m) {
      q.m = count;
      q.a += begin * q.a_row;
      q.c += begin * q.ldc;
    } else {
      q.n = count;
      q.b += begin * q.b_col;
      q.c += begin;
    }
    run_block(q, backend);
  });
}

// The copy that core/matmul_plan.h describes.
template <class T>
Array compact(const Array& x, T* buffer) {
  CompactCopy c = compact_copy(x, buffer);
  copy(c.to, c.from);
  return c.array;
}

// Whether aᵀbᵀ is better computed as (ba)ᵀ, for which nothing is packed against its rows: in chunks that takes half the
// time (1024³: 41 to 22 ms), where the product is large beside the copy of its result.
bool both_transposed(const Array& a, const Array& b) {
  constexpr int64_t kLeast = 128;
  const int last = a.rank() - 1;
  if (a.shape[last - 1] < kLeast || a.shape[last] < kLeast || b.shape[last] < kLeast) return false;
  return blas_view(a).transposed && blas_view(b).transposed;
}

template <class T>
void multiply(Array out, Array a, Array b, bool add);

// Into a row-major array, and from there to where the result belongs.
template <class T>
void multiply_by_way_of(Array out, Array a, Array b, bool add) {
  Scratch scratch(sizeof(T) * out.numel());
  Array temporary = out;
  temporary.data = scratch.as<void>();
  temporary.strides = Layout::contiguous(out.shape).strides;
  if (add) copy(temporary, out);
  multiply<T>(temporary, a, b, add);
  copy(out, temporary);
}

template <class T>
void multiply(Array out, Array a, Array b, bool add) {
  BlasView out_view = blas_view(out);
  if (!out_view.transposed && both_transposed(a, b)) {
    return multiply_by_way_of<T>(transposed(out), transposed(b), transposed(a), add);
  }
  if (!out_view.possible) return multiply_by_way_of<T>(out, a, b, add);
  if (out_view.transposed) return multiply<T>(transposed(out), transposed(b), transposed(a), add);
  if (!blas_view(a).possible) {
    Scratch scratch(sizeof(T) * distinct_numel(a));
    return multiply<T>(out, compact(a, scratch.as<T>()), b, add);
  }
  if (!blas_view(b).possible) {
    Scratch scratch(sizeof(T) * distinct_numel(b));
    return multiply<T>(out, a, compact(b, scratch.as<T>()), add);
  }
  MatmulPlan plan = plan_matmul(out, a, b);
  Product<T> p{plan.m,    plan.n,     plan.k,     a.as<T>(), plan.a_row,  plan.a_col, plan.a,
               b.as<T>(), plan.b_row, plan.b_col, plan.b,    out.as<T>(), plan.ldc,   add};
  run_batch(p, plan.batch(), [&](int64_t i) {
    struct {
      int64_t a = 0, b = 0, c = 0;
    } offset;
    for (int x = 0; x < plan.axes; ++x) {
      int64_t at = i % plan.sizes[x];
      i /= plan.sizes[x];
      offset.a += at * plan.strides[0][x];
      offset.b += at * plan.strides[1][x];
      offset.c += at * plan.strides[2][x];
    }
    return offset;
  });
}

}  // namespace

void matmul(Array out, Array a, Array b) {
  check_matmul(out, a, b);
  if (out.numel() == 0) return;
  if (a.shape[a.rank() - 1] == 0) return fill(out, 0);
  visit_floating(out.dtype, "matmul", [&]<class T>() { multiply<T>(out, a, b, false); });
}

void matmul_add(Array out, Array a, Array b) {
  check_matmul(out, a, b);
  if (out.numel() == 0 || a.shape[a.rank() - 1] == 0) return;
  visit_floating(out.dtype, "matmul", [&]<class T>() { multiply<T>(out, a, b, true); });
}

void set_gemm_backend(GemmBackend backend) { chosen_backend.store(backend); }
GemmBackend gemm_backend() { return chosen_backend.load(); }

namespace {

// The largest error of one product, in the units of GemmSelfTest::worst. Inputs are small pseudo-random numbers.
template <class T>
double product_error(int64_t m, int64_t n, int64_t k, bool transpose_a, bool transpose_b) {
  std::vector<T> a(m * k), b(k * n), c(m * n, std::numeric_limits<T>::quiet_NaN());
  uint32_t state = static_cast<uint32_t>(m * 7919 + n * 104729 + k);
  auto next = [&] {
    state = state * 1664525u + 1013904223u;
    return static_cast<T>(static_cast<int32_t>(state >> 8) - (1 << 23)) / (1 << 23);
  };
  for (T& x : a) x = next();
  for (T& x : b) x = next();
  Array aa{a.data(), dtype_of<T>, {m, k}, {k, 1}}, bb{b.data(), dtype_of<T>, {k, n}, {n, 1}};
  Array cc{c.data(), dtype_of<T>, {m, n}, {n, 1}};
  if (transpose_a) aa.strides = {1, m};
  if (transpose_b) bb.strides = {1, k};
  matmul(cc, aa, bb);
  double worst = 0;
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      long double sum = 0, size = 0;
      for (int64_t p = 0; p < k; ++p) {
        long double term = static_cast<long double>(a[i * aa.strides[0] + p * aa.strides[1]]) *
                           b[p * bb.strides[0] + j * bb.strides[1]];
        sum += term;
        size += std::abs(term);
      }
      double unit =
          std::numeric_limits<T>::epsilon() / 2 * std::sqrt(static_cast<double>(k)) * static_cast<double>(size);
      double error = static_cast<double>(std::abs(static_cast<long double>(c[i * n + j]) - sum)) / unit;
      if (!(error <= worst)) worst = std::isnan(error) ? std::numeric_limits<double>::infinity() : error;
    }
  }
  return worst;
}

}  // namespace

GemmSelfTest gemm_self_test() {
  constexpr int64_t shapes[][3] = {{1, 1, 1},     {2, 3, 5},     {7, 16, 4},     {16, 16, 16}, {17, 9, 33},
                                   {64, 64, 64},  {65, 33, 7},   {1, 100, 80},   {100, 1, 80}, {130, 10, 70},
                                   {70, 66, 130}, {96, 200, 48}, {130, 129, 140}};
  GemmSelfTest result;
  std::string where;
  for (auto [m, n, k] : shapes) {
    for (int t = 0; t < 4; ++t) {
      for (DType type : {f32, f64}) {
        double error =
            type == f32 ? product_error<float>(m, n, k, t & 1, t & 2) : product_error<double>(m, n, k, t & 1, t & 2);
        if (error > result.worst) {
          result.worst = error;
          where = str(m, "x", n, "x", k, t & 1 ? " A^T" : "", t & 2 ? " B^T" : "", " ", name_of(type));
        }
      }
    }
  }
  result.ok = result.worst < 2;
  result.text = str(onednn_version(), ", OpenBLAS for ", openblas_get_corename(),
                    openblas_get_parallel() == 0 ? "" : " (not its serial flavour)", ": largest error ", result.worst,
                    " of the bound 2, at ", where);
  return result;
}

}  // namespace gg::cpu
