// The training loop: going on to the bit whatever was being trained, evaluation, best weights, and clear errors.
#include "train/trainer.h"

#include <gtest/gtest.h>

#include <cmath>

#include "apps/common/stop_signal.h"
#include "autograd/autograd.h"
#include "losses/losses.h"
#include "nn/nn.h"
#include "ops/ops.h"
#include "optim/optim.h"
#include "tests/errors.h"
#include "tests/temp_dir.h"
#include "train/fit.h"
#include "train/history.h"

namespace gg::train {
namespace {

namespace fs = std::filesystem;
using apps::RunDir;

RunDir new_run(const fs::path& path) { return RunDir::create("test", "train", path, false, Json::object()); }

/// 40 points on a line with two coordinates, and in which half each lies.
std::shared_ptr<const data::Dataset> points() {
  const Tensor t = unsqueeze(linspace(-1, 1, 40), 1);
  return std::make_shared<data::TensorDataset>(concat({t, t * 0.5 + 0.1}, 1), to(flatten(t > zeros({40, 1})), i64));
}

/// Averages the weights of a module over the steps. Not a module, but it has a state.
class Average {
 public:
  explicit Average(const nn::Module& module) : module_(module) {
    for (auto& [name, t] : module.state_dict()) mean_[name] = clone(t);
  }
  void update() {
    NoGrad guard;
    for (auto& [name, t] : module_.state_dict()) copy_(mean_[name], mean_[name] * 0.9 + t * 0.1);
  }
  TensorMap state_dict() const { return mean_; }
  void load_state_dict(const TensorMap& state) {
    for (auto& [name, t] : mean_) copy_(t, state.at(name));
  }

 private:
  nn::Module module_;
  TensorMap mean_;
};

/// A generator against a critic, which has two steps for each of the generator's; each has its optimiser, and the
/// generator an average. Dropout and noise draw from the default generator.
struct Gan {
  nn::Sequential generator{nn::Linear(3, 8), nn::SiLU(), nn::Linear(8, 2)};
  nn::Sequential critic{nn::Linear(2, 8), nn::SiLU(), nn::Dropout(0.2), nn::Linear(8, 1)};
  optim::Adam for_generator{generator.parameters(), {.lr = 0.01, .betas = {0.5, 0.9}}};
  optim::SGD for_critic{critic.parameters(), {.lr = 0.05, .momentum = 0.5}};
  Average average{generator};
  int64_t stop_at = -1;

  Stage stage() {
    return {.name = "gan",
            .parts = {{"generator", generator},
                      {"critic", critic},
                      {"for_generator", for_generator},
                      {"for_critic", for_critic},
                      {"average", average}},
            .dataset = points(),
            .batch_size = 16,
            .steps = 11,
            .checkpoint_every = 4,
            .log_every = 2,
            .step = [this](const data::Batch& real, const Progression& at) { return step(real, at); },
            .evaluate = [this]() -> Json {
              return {{"distance", abs(mean(generator(ones({4, 3})))).item()}};
            },
            .evaluate_every = 3,
            .keep_best = {"generator", "average"}};
  }
  Numbers step(const data::Batch& real, const Progression& at) {
    if (at.step == stop_at) apps::request_stop();
    const Tensor fake = generator(randn({real.size(), 3}));
    Numbers numbers;
    for_critic.zero_grad();
    const Tensor critic_loss = mean(critic(fake.detach())) - mean(critic(real.x));
    critic_loss.backward();
    for_critic.step(0.05 / static_cast<double>(1 + at.step));
    numbers.mean.emplace_back("critic_loss", critic_loss.item());
    if (at.step % 2 == 1) {
      for_generator.zero_grad();
      const Tensor loss = neg(mean(critic(fake)));
      loss.backward();
      for_generator.step();
      average.update();
      numbers.mean.emplace_back("generator_loss", loss.item());
    }
    return numbers;
  }
};

class TrainerTest : public testing::Test {
 protected:
  void SetUp() override { apps::install_stop_signals(); }  // and clears the flag
  TempDir dir_;

  void expect_same_runs(const fs::path& a, const fs::path& b) {
    EXPECT_EQ(slurp(a / "metrics.jsonl"), slurp(b / "metrics.jsonl"));
    for (const char* file : {"gan.safetensors", "gan.best.safetensors"}) {
      ASSERT_GT(slurp(a / "checkpoints" / file).size(), 500u) << file;
      EXPECT_TRUE(slurp(a / "checkpoints" / file) == slurp(b / "checkpoints" / file)) << file;
    }
  }
};

TEST_F(TrainerTest, AGanStoppedAnywhereGoesOnToTheBit) {
  manual_seed(5);
  {
    RunDir run = new_run(dir_ / "whole");
    Gan gan;
    Trainer(run, {.seed = 3}).train(gan.stage());
  }
  const std::string lines = slurp(dir_ / "whole/metrics.jsonl");
  EXPECT_HAS(lines, "\"step\":11,\"stage\":\"gan\",\"stage_step\":11,\"epoch\":4,");
  for (int64_t stop = 0; stop < 10; ++stop) {
    SCOPED_TRACE(stop);
    apps::install_stop_signals();
    const fs::path path = dir_ / std::to_string(stop);
    manual_seed(5);
    {
      RunDir run = new_run(path);
      Gan gan;
      gan.stop_at = stop;
      EXPECT_THROW(Trainer(run, {.seed = 3}).train(gan.stage()), apps::Stopped);
    }
    apps::install_stop_signals();
    manual_seed(99);  // other weights and noise, all of which the checkpoint replaces
    RunDir run = RunDir::open(path);
    Gan gan;
    Trainer(run, {.seed = 3}).train(gan.stage());
    expect_same_runs(dir_ / "whole", path);
    if (HasFailure()) return;
  }
}

TEST_F(TrainerTest, LinesHaveMeansOverTheStepsThatNamedThem) {
  RunDir run = new_run(dir_ / "run");
  const Stage stage{.name = "count",
                    .parts = {},
                    .steps = 5,
                    .log_every = 2,
                    .step = [](const data::Batch& batch, const Progression& at) -> Numbers {
                      EXPECT_FALSE(batch.x.defined());
                      const auto s = static_cast<double>(at.step);
                      Numbers numbers{.mean = {{"a", s}}, .latest = {{"last", s}}};
                      if (at.step == 3) numbers.mean.emplace_back("b", 7);
                      return numbers;
                    }};
  Trainer(run, {}).train(stage);
  EXPECT_EQ(slurp(dir_ / "run/metrics.jsonl"),
            "{\"step\":2,\"stage\":\"count\",\"stage_step\":2,\"a\":0.5,\"last\":1.0}\n"
            "{\"step\":4,\"stage\":\"count\",\"stage_step\":4,\"a\":2.5,\"b\":7.0,\"last\":3.0}\n"
            "{\"step\":5,\"stage\":\"count\",\"stage_step\":5,\"a\":4.0,\"last\":4.0}\n");
}

Fit classifier_fit(const nn::Sequential& model, std::vector<double>* errors = nullptr) {
  return {.name = "fit",
          .model = model,
          .options = {.epochs = 4, .batch_size = 16, .log_every = 1},
          .dataset = points(),
          .loss = [model](const data::Batch& b) { return losses::cross_entropy(model(b.x), b.y); },
          .evaluate = [errors, i = std::size_t{0}]() mutable -> Json {
            return {{"error", errors ? errors->at(i++) : 1.0}};
          }};
}

TEST_F(TrainerTest, KeepsTheBestWeights) {
  manual_seed(1);
  const nn::Sequential model{nn::Linear(2, 4), nn::Tanh(), nn::Linear(4, 2)};
  std::vector<double> errors = {3, 1, NAN, 2};
  Fit f = classifier_fit(model, &errors);
  f.keep_best = true;
  f.evaluate = [&, next = f.evaluate, epoch = 0]() mutable {
    if (++epoch == 2) {
      for (auto& [name, t] : model.state_dict()) spill(dir_ / name, to_string(t));
    }
    return next();
  };
  RunDir run = new_run(dir_ / "run");
  Trainer trainer(run, {});
  fit(trainer, f);
  for (auto& [name, t] : model.state_dict()) EXPECT_EQ(to_string(t), slurp(dir_ / name)) << name;
  const std::vector<Json> lines = read_json_lines(dir_ / "run/metrics.jsonl");
  EXPECT_EQ(lines.back().at("best_epoch"), 2);
  const apps::Series curve = history(lines, "fit", "error", "test");
  EXPECT_EQ(curve.x, (std::vector<double>{1, 2, 4}));  // NaN is written as null and left out
  EXPECT_EQ(curve.y, (std::vector<double>{3, 1, 2}));
  const TensorMap last = data::load_safetensors(dir_ / "run/checkpoints/fit.safetensors").tensors;
  EXPECT_TRUE(last.contains("model.0.weight") && last.contains("optimizer.0.exp_avg"));
  EXPECT_NE(last.at("model.0.weight").to_vector<float>(), model.state_dict().at("0.weight").to_vector<float>());
}

TEST_F(TrainerTest, AFinishedStageIsLoadedAndReadyForUse) {
  manual_seed(1);
  const nn::Sequential model{nn::Linear(2, 4), nn::Dropout(0.5), nn::Linear(4, 2)};
  {
    RunDir run = new_run(dir_ / "run");
    Trainer trainer(run, {});
    fit(trainer, classifier_fit(model));
    EXPECT_FALSE(model.training());
  }
  const nn::Sequential again{nn::Linear(2, 4), nn::Dropout(0.5), nn::Linear(4, 2)};
  RunDir run = RunDir::open(dir_ / "run");
  Trainer trainer(run, {});
  fit(trainer, classifier_fit(again));
  EXPECT_FALSE(again.training()) << "dropout would spoil what comes next";
  EXPECT_EQ(again(ones({1, 2})).to_vector<float>(), model(ones({1, 2})).to_vector<float>());
}

TEST_F(TrainerTest, TellsWhatIsWrong) {
  RunDir run = new_run(dir_ / "run");
  Trainer trainer(run, {});
  nn::Linear model(2, 2);
  const auto with = [&](const std::function<void(Stage&)>& change) {
    Stage stage{.name = "s", .parts = {{"model", model}}, .steps = 3, .step = [](auto&, auto&) { return Numbers{}; }};
    change(stage);
    return stage;
  };
  const auto expect = [&](const std::function<void(Stage&)>& change, const std::string& part) {
    Trainer fresh(run, {});
    expect_error([&] { fresh.train(with(change)); }, part);
  };
  expect([](Stage& s) { s.name = "a.b"; }, "without dots and slashes");
  expect([](Stage& s) { s.steps = 0; }, "needs its number of steps");
  expect([](Stage& s) { s.step = nullptr; }, "needs its step");
  expect([](Stage& s) { s.keep_best = {"model"}; }, "keep_best needs evaluate");
  const auto evaluate = []() -> Json { return {{"error", 1}}; };
  expect([&](Stage& s) { s.evaluate = evaluate, s.keep_best = {"modle"}; }, "names 'modle'");
  expect([&](Stage& s) { s.evaluate = []() -> Json { return Json::object(); }; }, "first value is the error");
  expect([&](Stage& s) { s.parts.push_back({"model", model}); }, "two parts named 'model'");
  expect([&](Stage& s) { s.parts.push_back({"mo.del", model}); }, "without dots");
  expect(
      [](Stage& s) {
        s.step = [](auto&, const Progression& at) {
          return Numbers{.mean = {{"loss", at.step == 1 ? NAN : 1}}, .latest = {{"lr", 0.5}}};
        };
      },
      "s: at step 2 loss is nan, lr is 0.5; a smaller learning rate may help");
  trainer.train(with([](Stage&) {}));
  expect_error([&] { trainer.train(with([](Stage&) {})); }, "already was a stage 's'");
}

TEST_F(TrainerTest, SaysWhichPartDoesNotFit) {
  {
    RunDir run = new_run(dir_ / "run");
    Gan gan;
    Trainer(run, {}).train(gan.stage());
  }
  const std::string path = (dir_ / "run/checkpoints/gan.safetensors").string();
  const auto expect = [&](const std::function<void(Stage&, Gan&)>& change, const std::string& part) {
    RunDir run = RunDir::open(dir_ / "run");
    Gan gan;
    Stage stage = gan.stage();
    change(stage, gan);
    const std::string message = message_of([&] { Trainer(run, {}).train(stage); });
    EXPECT_HAS(message, part);
    EXPECT_HAS(message, path + ": ");
    EXPECT_HAS(message, "Delete that file to train this part again");
  };
  nn::Linear other(1, 1);
  expect([&](Stage& s, Gan&) { s.parts[0] = {"generator", other}; }, "generator: load_state_dict");
  expect([](Stage& s, Gan&) { s.parts.pop_back(), s.keep_best = {}; }, "4 tensors that belong to none of the parts");
  expect([](Stage& s, Gan& g) { s.parts[2] = {"for_generator", g.for_critic}; }, "for_generator: SGD");
  expect([](Stage& s, Gan&) { s.steps = 5; }, "does not belong to this run");
}

TEST(Checkpoint, TiedWeightsStayTied) {
  TempDir dir;
  nn::Embedding in(5, 3);
  nn::Linear out(3, 5);
  out.weight = in.weight;
  const std::vector<Part> parts = {{"in", in}, {"out", out}};
  save_checkpoint(dir / "a.safetensors", parts, {{"note", "x"}});
  const data::Safetensors file = data::load_safetensors(dir / "a.safetensors");
  EXPECT_EQ(file.metadata.at("note"), "x");
  const std::vector<float> before = in.weight.to_vector<float>();
  nn::init::zeros_(in.weight);
  load_checkpoint(file, parts);
  EXPECT_EQ(out.weight.to_vector<float>(), before);
  EXPECT_TRUE(out.weight.is_same(in.weight));
}

}  // namespace
}  // namespace gg::train
