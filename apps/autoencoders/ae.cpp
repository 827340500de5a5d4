#include "apps/autoencoders/ae.h"

#include "losses/losses.h"
#include "metrics/host.h"
#include "metrics/metrics.h"
#include "ops/ops.h"

namespace gg::apps {
namespace {

std::vector<double> mean_by_class(const std::vector<double>& values, const Tensor& labels, std::int64_t classes) {
  std::vector<double> sum(static_cast<std::size_t>(classes)), count(static_cast<std::size_t>(classes));
  const std::vector<std::int64_t> label = labels.to_vector<std::int64_t>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    sum[static_cast<std::size_t>(label[i])] += values[i];
    count[static_cast<std::size_t>(label[i])] += 1;
  }
  for (std::size_t c = 0; c < sum.size(); ++c) sum[c] = count[c] > 0 ? sum[c] / count[c] : 0;
  return sum;
}

}  // namespace

void AeOptions::declare(OptionSet& options, const std::string& prefix) {
  options.group(prefix.empty() ? "Network" : "Autoencoder");
  network.declare(options, prefix);
  if (prefix.empty()) options.group("Training");
  training.declare(options, prefix);
}

AeResult run(Lab& lab, const AeOptions& options) {
  manual_seed(lab.seed_for(kAeWeights));
  models::Autoencoder model(options.network.model(lab.image_shape()));
  const auto reconstruct = [&](const Tensor& x) { return model(x); };
  train::Fit fit{
      .name = "ae",
      .model = model,
      .options = options.training,
      .dataset = lab.train,
      .loss =
          [&](const data::Batch& batch) {
            return losses::mean_over_batch(
                losses::mse(model(batch.x), batch.x, {.reduction = losses::Reduction::none}));
          },
      .evaluate = [&]() -> Json {
        return {{"test_sse", mean_sse(in_batches(lab.test_images, lab.device, reconstruct), lab.test_images)}};
      }};
  const double seconds = train::fit(lab.trainer(), fit);

  AeResult result{.model = model, .seconds = seconds, .code = options.network.code};
  const auto encode = [&](const Tensor& x) { return model.encode(x); };
  result.codes = in_batches(lab.test_images, lab.device, encode);
  result.reconstructions = in_batches(lab.test_images, lab.device, reconstruct);
  result.test_sse = mean_sse(result.reconstructions, lab.test_images);

  const metrics::Pca& pca = lab.pca();
  const auto pca_sse = [&](std::int64_t k) {
    return metrics::sse_per_image(pca.reconstruct(lab.test_images, std::min(k, pca.dimension())), lab.test_images);
  };
  const std::vector<double> by_pca = pca_sse(result.code);
  for (const double value : by_pca) result.pca_sse += value / static_cast<double>(by_pca.size());
  const std::vector<double> by_ae = metrics::sse_per_image(result.reconstructions, lab.test_images);
  result.class_sse = mean_by_class(by_ae, lab.test_labels, lab.classes());
  result.class_pca_sse = mean_by_class(by_pca, lab.test_labels, lab.classes());

  // The error left by k components is the energy outside of them, so one encoding gives it for every k.
  const std::vector<double> energy =
      metrics::host_doubles(mean(square(pca.encode(lab.test_images, pca.dimension())), {0}));
  double left = 0;
  for (const double value : energy) left += value;
  for (std::size_t k = 0; k < energy.size() && left > result.test_sse; ++k) {
    left -= energy[k];
    result.linear_code = static_cast<double>(k + 1);
  }
  return result;
}

Json summary_of(const AeResult& result) {
  return {{"ae_test_sse", result.test_sse},
          {"ae_code", result.code},
          {"pca_test_sse", result.pca_sse},
          {"pca_components_of_equal_error", result.linear_code},
          {"ae_seconds", result.seconds}};
}

}  // namespace gg::apps
