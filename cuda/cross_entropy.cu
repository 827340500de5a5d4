// The forward pass reads the logits once and writes two numbers a row; the backward pass reads them once and writes dx.
// Softmax probabilities are never stored.
#include "cuda/cross_entropy.h"

#include "cuda/faults.cuh"
#include "cuda/online_sum.cuh"

namespace gg::GG_CUDA_NS {

struct CrossEntropyTotals {
  template <class T>
  struct Of {
    MaxAndSum<T> exponentials;
    double sum;  // of the logits, for label smoothing
  };
  template <class T>
  __device__ Of<T> operator()(const Of<T>& a, const Of<T>& b) const {
    return {CombineMaxAndSum{}(a.exponentials, b.exponentials), a.sum + b.sum};
  }
};

enum class TargetKind { valid, ignored, wrong };

inline __device__ TargetKind classify_target(int64_t target, int64_t classes, int64_t ignore) {
  if (target == ignore) return TargetKind::ignored;
  return target >= 0 && target < classes ? TargetKind::valid : TargetKind::wrong;
}

// Operands: logits, loss, logsumexp, target, and the number of the row for the message.
// bytes: logits + 16 a row, the least
template <class T>
__global__ void __launch_bounds__(kRowThreads, kRowBlocks)
    cross_entropy_forward_kernel(RowPlan<5> plan, double smoothing, int64_t ignore, const T* logits, T* loss,
                                 T* logsumexp, const int64_t* target, Fault* fault) {
  const T inf = static_cast<T>(INFINITY), nan = static_cast<T>(NAN);
  const RowThreads threads(plan.log_threads);
  RowReader<T, 1> reader(threads);
  for (uint32_t first = blockIdx.x * threads.slots; first < plan.rows.count; first += gridDim.x * threads.slots) {
    const uint32_t row = first + threads.slot;
    const bool active = row < plan.rows.count;
    int32_t at[5] = {};
    if (active) plan.rows.add_offsets(row, at);
    reader.open(0, logits + at[0], plan.step[0], -inf, active ? plan.cols : 0);
    CrossEntropyTotals::Of<T> total{MaxAndSum<T>::none(), 0};
    reader.each([&](const T(&v)[1][kRowChunk], uint32_t c0) {
      total.exponentials.take(v[0]);
      if (smoothing > 0) {
        T s = 0;
        reader.put(c0, [&](int k, int32_t) { s += v[0][k]; });
        total.sum += static_cast<double>(s);
      }
    });
    total = threads.reduce(total, CrossEntropyTotals::Of<T>{MaxAndSum<T>::none(), 0}, CrossEntropyTotals{});
    if (!active || threads.rank != 0) continue;
    const MaxAndSum<T>& e = total.exponentials;
    const T nan_or_zero = e.sum != e.sum ? nan : T(0);
    const T log_sum = e.is_infinite() ? nan_or_zero : e.log_sum();
    logsumexp[at[2]] = e.max + log_sum;
    const int64_t t = target[at[3]];
    T value = 0;
    switch (classify_target(t, plan.cols, ignore)) {
      case TargetKind::valid: {
        // As differences to the maximum, so that small losses keep their digits.
        const T x = logits[at[0] + static_cast<int32_t>(t) * plan.step[0]];
        value = static_cast<T>(1 - smoothing) * ((e.max - x) + log_sum);
        if (smoothing > 0) {
          const double mean = total.sum / static_cast<double>(plan.cols);
          value += static_cast<T>(smoothing) * (static_cast<T>(static_cast<double>(e.max) - mean) + log_sum);
        }
        break;
      }
      case TargetKind::wrong:
        note_fault(fault, Fault::cross_entropy, t, at[4], plan.cols, ignore);
        value = nan;
        break;
      default:
        break;
    }
    loss[at[1]] = value;
  }
}

// Operands: logits, dx, g, logsumexp, target, and the number of the row.
// bytes: logits + dx + 16 a row, the least
template <class T>
__global__ void __launch_bounds__(kRowThreads, kRowBlocks)
    cross_entropy_backward_kernel(RowPlan<6> plan, T smoothing, int64_t ignore, const T* logits, T* dx, const T* g,
                                  const T* logsumexp, const int64_t* target, Fault* fault) {
  const RowThreads threads(plan.log_threads);
  RowReader<T, 1> reader(threads);
  for (uint32_t first = blockIdx.x * threads.slots; first < plan.rows.count; first += gridDim.x * threads.slots) {
    const uint32_t row = first + threads.slot;
    if (row >= plan.rows.count) continue;  // nothing is shared here
    int32_t at[6] = {};
    plan.rows.add_offsets(row, at);
    reader.open(0, logits + at[0], plan.step[0], T(0), plan.cols);
    const T scale = g[at[2]], lse = logsumexp[at[3]];
    const int64_t t = target[at[4]];
    const TargetKind kind = classify_target(t, plan.cols, ignore);
    if (kind == TargetKind::wrong && threads.rank == 0) {
      note_fault(fault, Fault::cross_entropy, t, at[5], plan.cols, ignore);
    }
    const T shift = scale * (smoothing / static_cast<T>(plan.cols)), hit = scale * (T(1) - smoothing);
    reader.each([&](const T(&v)[1][kRowChunk], uint32_t c0) {
      reader.put(c0, [&](int k, int32_t c) {
        T d = scale * exp(v[0][k] - lse) - shift;
        if (c == t) d -= hit;
        dx[at[1] + c * plan.step[1]] = kind == TargetKind::valid     ? d
                                       : kind == TargetKind::ignored ? T(0)
                                                                     : static_cast<T>(NAN);
      });
    });
  }
}

namespace {

void check(const Array& per_row, const Array& lse, const Array& logits, const Array& target) {
  GG_CHECK(logits.rank() == 2 && target.dtype == i64 && target.rank() == 1 && target.shape[0] == logits.shape[0],
           "cross_entropy: expected logits [N, classes] and int64 targets [N], got ", logits.shape, " and ",
           target.dtype, " ", target.shape);
  for (const Array* a : {&per_row, &lse}) {
    GG_CHECK(a->dtype == logits.dtype && a->shape == target.shape, "cross_entropy: ", a->dtype, " ", a->shape,
             " does not fit the rows of ", logits.dtype, " ", logits.shape);
  }
}

// Not an array in memory: an operand whose offset is the number of the row.
Array row_numbers(const Array& target) { return {nullptr, i64, target.shape, {1}}; }

}  // namespace

void cross_entropy_forward(Array loss, Array logsumexp, Array logits, Array target, SoftmaxCrossEntropyOptions o) {
  check(loss, logsumexp, logits, target);
  if (loss.numel() == 0) return;
  visit_floating(logits.dtype, "cross_entropy", [&]<class T>() {
    const auto plan = plan_rows("cross_entropy", std::array{logits, loss, logsumexp, target, row_numbers(target)});
    launch("cross_entropy_forward", cross_entropy_forward_kernel<T>, plan.blocks(), kRowThreads, 0, plan,
           o.label_smoothing, o.ignore_index, logits.as<const T>(), loss.as<T>(), logsumexp.as<T>(),
           target.as<const int64_t>(), fault_record());
  });
}

void cross_entropy_backward(Array dx, Array g, Array logits, Array logsumexp, Array target,
                            SoftmaxCrossEntropyOptions o) {
  check(g, logsumexp, logits, target);
  GG_CHECK(dx.shape == logits.shape && dx.dtype == logits.dtype, "cross_entropy_backward: expected ", logits.dtype, " ",
           logits.shape, ", got ", dx.dtype, " ", dx.shape);
  if (dx.numel() == 0) return;
  visit_floating(logits.dtype, "cross_entropy", [&]<class T>() {
    const auto plan = plan_rows("cross_entropy", std::array{logits, dx, g, logsumexp, target, row_numbers(target)});
    launch("cross_entropy_backward", cross_entropy_backward_kernel<T>, plan.blocks(), kRowThreads, 0, plan,
           static_cast<T>(o.label_smoothing), o.ignore_index, logits.as<const T>(), dx.as<T>(), g.as<const T>(),
           logsumexp.as<const T>(), target.as<const int64_t>(), fault_record());
  });
}

}  // namespace gg::GG_CUDA_NS
