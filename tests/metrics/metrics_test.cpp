// Metrics against closed forms.
#include "metrics/metrics.h"

#include <gtest/gtest.h>

#include <cmath>

#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/matmul.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "tests/errors.h"

namespace gg::metrics_test {
namespace {

using namespace gg::metrics;

constexpr TensorOptions kDouble{.dtype = f64};
constexpr TensorOptions kInteger{.dtype = i64};

TEST(Accuracy, CountsRightRows) {
  Tensor logits = tensor({{1, 2, 0}, {5, 1, 1}, {0, 0, -1}, {0, 1, 2}});
  EXPECT_EQ(accuracy(logits, tensor({1, 0, 2, 2}, kInteger)), 0.75);
  EXPECT_EQ(accuracy(logits, tensor({0, 1, 2, 0}, kInteger)), 0);
  expect_error([&] { accuracy(logits, tensor({1, 0}, kInteger)); }, "int64 targets [4]");
  expect_error([&] { accuracy(logits, tensor({1, 0, 2, 2})); }, "got float32");
  expect_error([&] { accuracy(tensor({1}), tensor({1}, kInteger)); }, "[N, classes]");
}

TEST(Calibration, IsTheGapBetweenConfidenceAndAccuracy) {
  // Two classes, log-odds log 4: confidence 0.8 in each row. Three of four right: |0.75 − 0.8|.
  const double l = std::log(4.0);
  Tensor logits = tensor({{l, 0}, {0, l}, {l, 0}, {l, 0}}, kDouble);
  EXPECT_NEAR(expected_calibration_error(logits, tensor({0, 1, 0, 1}, kInteger)), 0.05, 1e-12);
  // Confidences 0.8 and (log 19) 0.95 fall into two bins of 15, whose errors add up: ½·|1 − 0.8| + ½·|0 − 0.95| ...
  logits = tensor({{l, 0}, {std::log(19.0), 0}}, kDouble);
  EXPECT_NEAR(expected_calibration_error(logits, tensor({0, 1}, kInteger)), 0.5 * 0.2 + 0.5 * 0.95, 1e-12);
  // ... and into one of one bin, where they cancel: |½ − 0.875|.
  EXPECT_NEAR(expected_calibration_error(logits, tensor({0, 1}, kInteger), 1), 0.375, 1e-12);
  // The edge 12/15 = 0.8 parts 0.79 from 0.81: wrong and right do not cancel.
  logits = tensor({{std::log(0.79 / 0.21), 0}, {std::log(0.81 / 0.19), 0}}, kDouble);
  EXPECT_NEAR(expected_calibration_error(logits, tensor({1, 0}, kInteger)), 0.5 * 0.79 + 0.5 * 0.19, 1e-12);
  // Certain and right, with logits whose exponentials overflow.
  EXPECT_EQ(expected_calibration_error(eye(3) * 1e4, tensor({0, 1, 2}, kInteger)), 0);
  expect_error([&] { expected_calibration_error(logits, tensor({0}, kInteger)); }, "int64 targets [2]");
  expect_error([&] { expected_calibration_error(logits, tensor({0, 1}, kInteger), 0); }, "at least one bin, got 0");
}

TEST(Image, SseAndPsnr) {
  Tensor a = zeros({2, 1, 2, 2}), b = full({2, 1, 2, 2}, 0.1);
  std::vector<double> sse = sse_per_image(a, b);
  ASSERT_EQ(sse.size(), 2u);
  EXPECT_NEAR(sse[0], 0.04, 1e-8);
  EXPECT_NEAR(psnr(a, b), 20, 1e-6);  // 10·log10(1 / 0.01)
  EXPECT_NEAR(psnr(a, b, 255), 20 + 20 * std::log10(255.0), 1e-6);
  EXPECT_EQ(psnr(a, a), INFINITY);
  EXPECT_NEAR(psnr_from_mse(0.001), 30, 1e-12);
  expect_error([&] { psnr(a, zeros({2, 4})); }, "one shape");
  expect_error([&] { psnr_from_mse(-1); }, "≥ 0");
}

TEST(ActiveUnits, AreThoseThatVary) {
  // Columns with variance 2.5 (−2 … 2, unbiased), 0, and 0.01·2.5/… just above and below the threshold.
  Tensor mu = tensor({{-2, 7, -0.13}, {-1, 7, 0.05}, {0, 7, 0.03}, {1, 7, 0}, {2, 7, 0.05}}, kDouble);
  ActiveUnits units = active_units(mu);
  EXPECT_NEAR(units.variance[0], 2.5, 1e-12);
  EXPECT_NEAR(units.variance[1], 0, 1e-12);
  EXPECT_NEAR(units.variance[2], (0.0169 + 0.0025 + 0.0009 + 0.0025) / 4, 1e-12);
  EXPECT_EQ(units.count, 1);
  EXPECT_EQ(active_units(mu, 0.005).count, 2);
  expect_error([] { active_units(ones({1, 3})); }, "at least two");
}

TEST(ClassifierScore, KnowsTheExtremes) {
  // Certain and even: confidence 1, all classes equally, score = classes.
  Tensor certain = eye(4) * 100.0;
  ClassifierScore s = classifier_score(certain);
  EXPECT_NEAR(s.confidence, 1, 1e-12);
  EXPECT_NEAR(s.inception_score, 4, 1e-9);
  EXPECT_EQ(s.histogram, (std::vector<double>{0.25, 0.25, 0.25, 0.25}));
  EXPECT_NEAR(s.histogram_entropy, std::log(4.0), 1e-12);
  // All the same: score 1 however certain.
  s = classifier_score(tensor({{50, 0}, {50, 0}}));
  EXPECT_NEAR(s.inception_score, 1, 1e-9);
  EXPECT_EQ(s.histogram, (std::vector<double>{1, 0}));
  EXPECT_EQ(s.histogram_entropy, 0);
  // Undecided.
  s = classifier_score(zeros({3, 5}));
  EXPECT_NEAR(s.confidence, 0.2, 1e-12);
  EXPECT_NEAR(s.inception_score, 1, 1e-12);
  // Two opposite opinions p = (0.8, 0.2) and (0.2, 0.8): exp(0.8 log 1.6 + 0.2 log 0.4).
  double l = std::log(4.0);
  s = classifier_score(tensor({{l, 0}, {0, l}}, kDouble));
  EXPECT_NEAR(s.confidence, 0.8, 1e-12);
  EXPECT_NEAR(s.inception_score, std::exp(0.8 * std::log(1.6) + 0.2 * std::log(0.4)), 1e-12);
}

TEST(Pca, FindsTheAxesOfAKnownCloud) {
  // Points ±a along u and ±b along v, around a centre: variances a²/2 and b²/2, nothing else.
  double c = std::cos(0.3), s = std::sin(0.3), a = 4, b = 1;
  Tensor x = tensor(
      {{5 + a * c, 1 + a * s, 2}, {5 - a * c, 1 - a * s, 2}, {5 - b * s, 1 + b * c, 2}, {5 + b * s, 1 - b * c, 2}});
  Pca pca(x);
  std::vector<double> mean = pca.mean().to_vector<double>();
  EXPECT_NEAR(mean[0], 5, 1e-6);
  EXPECT_NEAR(mean[1], 1, 1e-6);
  EXPECT_NEAR(mean[2], 2, 1e-6);
  EXPECT_NEAR(pca.variances()[0], 8, 1e-5);
  EXPECT_NEAR(pca.variances()[1], 0.5, 1e-5);
  EXPECT_NEAR(pca.variances()[2], 0, 1e-6);
  std::vector<double> first = slice(pca.components(), 0, 0, 1).to_vector<double>();
  EXPECT_NEAR(first[0], c, 1e-6);
  EXPECT_NEAR(first[1], s, 1e-6);
  EXPECT_NEAR(pca.residual(1), 0.5, 1e-5);
  EXPECT_NEAR(pca.residual(0), 8.5, 1e-5);
  EXPECT_EQ(pca.encode(x, 2).shape(), (Shape{4, 2}));
  EXPECT_NEAR(std::abs(pca.encode(x, 1).to_vector<float>()[0]), 4, 1e-5);
  EXPECT_LT(max(abs(pca.reconstruct(x, 2) - x)).item(), 1e-5);
  EXPECT_NEAR(sum(square(pca.reconstruct(x, 1) - x)).item() / 4, 0.5, 1e-5) << "residual is the mean of these";
  expect_error([&] { pca.encode(x, 4); }, "1 to 3 components");
  expect_error([&] { pca.encode(ones({2, 4}), 1); }, "samples of 3 numbers");
  expect_error([] { Pca pca(ones({1, 4})); }, "at least two samples");
}

TEST(Pca, ResidualIsWhatReconstructionLeaves) {
  manual_seed(1);
  Tensor x = matmul(randn({500, 20}), randn({20, 30})) + 3.0;  // rank 20 in 30 dimensions, as images [500, 1, 5, 6]
  Pca pca(reshape(x, {500, 1, 5, 6}));
  for (int64_t k : {1, 5, 19}) {
    double left = sum(square(pca.reconstruct(x, k) - x)).item() / 500;
    EXPECT_NEAR(left, pca.residual(k), 1e-3 * left);
  }
  EXPECT_NEAR(pca.residual(20) / pca.residual(0), 0, 1e-9);
  EXPECT_EQ(pca.reconstruct(reshape(x, {500, 1, 5, 6}), 3).shape(), (Shape{500, 1, 5, 6}));
}

}  // namespace
}  // namespace gg::metrics_test
