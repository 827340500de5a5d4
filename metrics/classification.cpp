#include "metrics/classification.h"

#include <algorithm>
#include <cmath>

#include "metrics/host.h"

namespace gg::metrics {
namespace {

void check_logits(const Tensor& logits, const char* op) {
  GG_CHECK(logits.rank() == 2 && is_floating(logits.dtype()) && logits.numel() > 0, op,
           ": expected floating logits [N, classes], got ", logits.dtype(), " ", logits.shape());
}

void check_target(const Tensor& logits, const Tensor& target, const char* op) {
  GG_CHECK(target.dtype() == i64 && target.shape() == Shape{logits.size(0)}, op, ": expected int64 targets [",
           logits.size(0), "], got ", target.dtype(), " ", target.shape());
}

}  // namespace

double accuracy(const Tensor& logits, const Tensor& target) {
  check_logits(logits, "accuracy");
  check_target(logits, target, "accuracy");
  int64_t n = logits.size(0), classes = logits.size(1);
  std::vector<double> scores = host_doubles(logits);
  std::vector<int64_t> wanted = target.to_vector<int64_t>();
  int64_t right = 0;
  for (int64_t i = 0; i < n; ++i) {
    const double* row = scores.data() + i * classes;
    right += std::max_element(row, row + classes) - row == wanted[static_cast<size_t>(i)];
  }
  return static_cast<double>(right) / static_cast<double>(n);
}

double expected_calibration_error(const Tensor& logits, const Tensor& target, int bins) {
  check_logits(logits, "expected_calibration_error");
  check_target(logits, target, "expected_calibration_error");
  GG_CHECK(bins >= 1, "expected_calibration_error: expected at least one bin, got ", bins);
  const auto classes = static_cast<size_t>(logits.size(1));
  const std::vector<double> scores = host_doubles(logits);
  const std::vector<int64_t> wanted = target.to_vector<int64_t>();
  std::vector<double> surplus(static_cast<size_t>(bins));  // Σ over a bin of confidence − (right ? 1 : 0)
  for (size_t i = 0; i < wanted.size(); ++i) {
    const double* row = scores.data() + i * classes;
    const double* best = std::max_element(row, row + classes);
    double total = 0;
    for (size_t c = 0; c < classes; ++c) total += std::exp(row[c] - *best);
    const double confidence = 1 / total;
    const auto bin = std::min(static_cast<size_t>(confidence * bins), static_cast<size_t>(bins) - 1);
    surplus[bin] += confidence - (best - row == wanted[i] ? 1 : 0);
  }
  double error = 0;
  for (double s : surplus) error += std::abs(s);
  return error / static_cast<double>(wanted.size());
}

ClassifierScore classifier_score(const Tensor& logits) {
  check_logits(logits, "classifier_score");
  auto n = static_cast<size_t>(logits.size(0)), classes = static_cast<size_t>(logits.size(1));
  std::vector<double> p = host_doubles(logits);
  std::vector<double> marginal(classes, 0.0);
  ClassifierScore score;
  score.histogram.assign(classes, 0.0);
  double negative_entropy = 0;  // Σ over samples and classes of p log p
  for (size_t i = 0; i < n; ++i) {
    double* row = p.data() + i * classes;
    size_t best = static_cast<size_t>(std::max_element(row, row + classes) - row);
    double largest = row[best], total = 0;
    for (size_t c = 0; c < classes; ++c) total += std::exp(row[c] - largest);
    for (size_t c = 0; c < classes; ++c) {
      double log_p = row[c] - largest - std::log(total);
      row[c] = std::exp(log_p);
      if (row[c] > 0) negative_entropy += row[c] * log_p;
      marginal[c] += row[c] / static_cast<double>(n);
    }
    score.confidence += row[best] / static_cast<double>(n);
    score.histogram[best] += 1.0 / static_cast<double>(n);
  }
  double mean_kl = negative_entropy / static_cast<double>(n);  // Σ p log p − Σ marginal log marginal
  for (double m : marginal) mean_kl -= m > 0 ? m * std::log(m) : 0;
  score.inception_score = std::exp(mean_kl);
  for (double h : score.histogram) score.histogram_entropy -= h > 0 ? h * std::log(h) : 0;
  return score;
}

}  // namespace gg::metrics
