#include "apps/autoencoders/lab.h"

#include <fmt/format.h>

#include <algorithm>

#include "autograd/autograd.h"
#include "core/device_info.h"
#include "core/parallel.h"
#include "metrics/metrics.h"
#include "ops/ops.h"

namespace gg::apps {
void DataOptions::declare(OptionSet& options) {
  options.group("Data");
  options.add("train_images", train_images, "take only the first so many training images; 0 takes all")
      .range(0, 1e9)
      .quick(6000);
}

void NetworkOptions::declare(OptionSet& options, const std::string& prefix) {
  options.add(prefix + "network", network, "kind of layers in encoder and decoder").choices({"mlp", "conv"});
  options
      .add(prefix + "hidden", hidden,
           "widths of the encoder's hidden layers, or channels of its convolutions; the decoder has them in reverse")
      .range(1, 65536)
      .example(Option::flag(prefix + "network") + " conv " + Option::flag(prefix + "hidden") + " 16,32");
  options.add(prefix + "code", code, "numbers in the code").range(1, 65536);
}

models::AutoencoderOptions NetworkOptions::model(const Shape& image) const {
  return {.network = models::parse_network(network), .image = image, .hidden = hidden, .code = code};
}

Lab::Lab(RunContext& run_context, const DataOptions& options)
    : context(run_context), device(choose_device(run_context.standard().device)) {
  const StandardOptions& standard = context.standard();
  check_available(device);
  if (standard.threads > 0) set_num_threads(static_cast<int>(standard.threads));
  const data::TrainTest data = standard.data.empty() ? data::fashion_mnist() : data::load_mnist_folder(standard.data);
  data_name = standard.data.empty() ? "Fashion-MNIST" : standard.data;
  GG_CHECK(data.train->image_shape() == data.test->image_shape(), "training images are ", data.train->image_shape(),
           ", test images ", data.test->image_shape(), "; they must be alike");
  GG_CHECK(data.test->size() >= 2, "expected at least two test images, got ", data.test->size());
  const std::int64_t n =
      options.train_images > 0 ? std::min(options.train_images, data.train->size()) : data.train->size();
  GG_CHECK(n >= 20, "expected at least 20 training images, got ", n);
  train_images = data.train->images(0, n);
  train_labels = data.train->labels(0, n);
  test_images = data.test->images();
  test_labels = data.test->labels();
  class_names = data.train->class_names();
  const std::int64_t classes = std::max<std::int64_t>({2, data.train->num_classes(), data.test->num_classes()});
  for (auto i = static_cast<std::int64_t>(class_names.size()); i < classes; ++i) {
    class_names.push_back(fmt::format("class {}", i));
  }
  train = std::make_shared<data::TensorDataset>(train_images, train_labels);
  trainer_ = std::make_unique<train::Trainer>(context.run(), train::TrainerOptions{device, seed()});
}

const metrics::Pca& Lab::pca() {
  if (!pca_) pca_.emplace(train_images);
  return *pca_;
}

std::vector<std::int64_t> Lab::examples(std::int64_t count) const {
  const std::vector<std::int64_t> labels = test_labels.to_vector<std::int64_t>();
  std::vector<std::vector<std::int64_t>> by_class(class_names.size());
  for (std::size_t i = 0; i < labels.size(); ++i) {
    by_class[static_cast<std::size_t>(labels[i])].push_back(static_cast<std::int64_t>(i));
  }
  std::vector<std::int64_t> chosen;
  const std::int64_t wanted = std::min<std::int64_t>(count, test_images.size(0));
  for (std::size_t turn = 0; static_cast<std::int64_t>(chosen.size()) < wanted; ++turn) {
    for (const std::vector<std::int64_t>& of_class : by_class) {
      if (turn < of_class.size() && static_cast<std::int64_t>(chosen.size()) < wanted) chosen.push_back(of_class[turn]);
    }
  }
  return chosen;
}

Tensor in_batches(const Tensor& x, Device device, const std::function<Tensor(const Tensor&)>& fn) {
  constexpr std::int64_t kRows = 500;
  NoGrad guard;
  std::vector<Tensor> parts;
  for (std::int64_t i = 0; i < x.size(0); i += kRows) {
    parts.push_back(to(fn(to(slice(x, 0, i, std::min(i + kRows, x.size(0))), device)), Device()));
  }
  return concat(parts, 0);
}

double mean_sse(const Tensor& a, const Tensor& b) {
  double sum = 0;
  const std::vector<double> sse = metrics::sse_per_image(a, b);
  for (const double value : sse) sum += value;
  return sum / static_cast<double>(sse.size());
}

Tensor rows_of(const Tensor& x, const std::vector<std::int64_t>& rows) {
  return index_select(x, 0, from_vector(rows, {static_cast<std::int64_t>(rows.size())}));
}

}  // namespace gg::apps
