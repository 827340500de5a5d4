#include "tests/parity/trainings.h"

#include "autograd/autograd.h"
#include "core/grad_mode.h"
#include "data/data.h"
#include "data/safetensors.h"
#include "losses/losses.h"
#include "models/models.h"
#include "nn/nn.h"
#include "optim/optim.h"

namespace gg::parity {
namespace {

/// A copy that later steps leave alone, on the CPU.
TensorMap copy_of(const TensorMap& state) {
  TensorMap copy;
  for (const auto& [name, t] : state) copy[name] = clone(to(t, Device()));
  return copy;
}

/// What all of them have: parts with a state, and a loader.
class Base : public Training {
 public:
  TensorMap state() const override {
    TensorMap all;
    for (const auto& [name, module] : modules_) merge(all, name + ".", module.state_dict());
    for (const auto& [name, optimizer] : optimizers_) merge(all, name + ".", optimizer->state_dict());
    return all;
  }
  void save(const std::filesystem::path& file) const override {
    const Generator::State g = default_generator().state();
    const data::DataLoader::Position at = loader_->position();
    data::save_safetensors(file, state(),
                           {{"seed", std::to_string(g.seed)},
                            {"offset", std::to_string(g.offset)},
                            {"epoch", std::to_string(at.epoch)},
                            {"batch", std::to_string(at.batch)}});
  }
  void load(const std::filesystem::path& file) override {
    const data::Safetensors saved = data::load_safetensors(file);
    for (const auto& [name, module] : modules_) module.load_state_dict(part(saved.tensors, name + "."));
    for (const auto& [name, optimizer] : optimizers_) optimizer->load_state_dict(part(saved.tensors, name + "."));
    const auto number = [&](const char* key) { return std::stoull(saved.metadata.at(key)); };
    default_generator().set_state({number("seed"), number("offset"), 0});
    loader_->seek({static_cast<int64_t>(number("epoch")), static_cast<int64_t>(number("batch"))});
  }

 protected:
  explicit Base(const Place& place) : place_(place) {}

  void add(const std::string& name, const nn::Module& module) {
    module.to(place_.dtype);
    module.to(place_.device);
    modules_.emplace_back(name, module);
  }
  template <class Optimizer, class Options>
  Optimizer& add(const std::string& name, const std::vector<Tensor>& parameters, const Options& options) {
    auto made = std::make_unique<Optimizer>(parameters, options);
    Optimizer& optimizer = *made;
    optimizers_.emplace_back(name, std::move(made));
    return optimizer;
  }
  /// Batches that divide nothing evenly, in an order of their own; noise is added, and they are copied to the device,
  /// in the background.
  void load_from(const Tensor& x, const Tensor& y, int64_t batch_size, double noise = 0) {
    const auto transform = [noise](data::Batch& batch) {
      Generator generator(data::sample_key(3, static_cast<uint64_t>(batch.epoch), static_cast<uint64_t>(batch.number)));
      batch.x = batch.x + noise * randn(batch.x.shape(), batch.x.options(), generator);
    };
    data::DataLoaderOptions options{.batch_size = batch_size, .shuffle = true, .seed = 5, .device = place_.device};
    if (noise > 0) options.transform = transform;
    loader_.emplace(std::make_shared<data::TensorDataset>(x, y), options);
  }
  data::Batch next_batch() {
    data::Batch batch = loader_->next();
    EXPECT_EQ(batch.x.device(), place_.device);
    batch.x = to(batch.x, place_.dtype);
    return batch;
  }
  TensorOptions options() const { return {place_.dtype, place_.device}; }

 private:
  Place place_;
  std::vector<std::pair<std::string, nn::Module>> modules_;
  std::vector<std::pair<std::string, std::unique_ptr<optim::Optimizer>>> optimizers_;
  std::optional<data::DataLoader> loader_;
};

class Vae final : public Base {
 public:
  Vae(const Place& place, const models::AutoencoderOptions& o)
      : Base(place),
        model_(o),
        adam_((add("model", model_), add<optim::AdamW>("adam", model_.parameters(), optim::AdamWOptions{}))) {
    load_from(rand(o.image.inserted(0, 47)), {}, 9, 0.1);
  }
  std::vector<double> step() override {
    const data::Batch batch = next_batch();
    adam_.zero_grad();
    const models::Posterior q = model_.encode(batch.x);
    const Tensor z = losses::reparameterize(q.mu, q.logvar, randn(q.mu.shape(), q.mu.options()));
    const Tensor nll = losses::gaussian_nll(model_.decode(z), batch.x, 0.5, {.reduction = losses::Reduction::none});
    const Tensor kl = mean(losses::kl_normal_standard(q.mu, q.logvar));
    const Tensor loss = losses::mean_over_batch(nll) + kl;
    loss.backward();
    const Tensor norm = optim::clip_grad_norm_(model_.parameters(), 3);
    adam_.step(rate_(steps_++));
    return {loss.item(), kl.item(), norm.item()};
  }

 private:
  models::Vae model_;
  optim::AdamW& adam_;
  optim::Schedule rate_ = optim::cosine({.peak = 5e-3, .steps = 40, .warmup = 5});
  int64_t steps_ = 0;

  void load(const std::filesystem::path& file) override {
    Base::load(file);
    steps_ = static_cast<int64_t>(part(state(), "adam.").at("0.step").item());
  }
};

class WganGp final : public Base {
 public:
  explicit WganGp(const Place& place)
      : Base(place),
        adam_critic_((add("critic", critic_), add<optim::Adam>("adam_critic", critic_.parameters(),
                                                               optim::AdamOptions{.lr = 4e-3, .betas = {0, 0.9}}))),
        adam_generator_(
            (add("generator", generator_), add<optim::Adam>("adam_generator", generator_.parameters(),
                                                            optim::AdamOptions{.lr = 2e-3, .betas = {0, 0.9}}))) {
    const Tensor t = unsqueeze(linspace(-3, 3, 53), 1);
    load_from(concat({t, sin(t), cos(t)}, 1), {}, 13);
  }
  std::vector<double> step() override {
    double critic_loss = 0, penalty_value = 0;
    for (int i = 0; i < 3; ++i) {
      const Tensor real = next_batch().x;
      const Tensor fake = generator_(randn({real.size(0), 5}, options())).detach();
      const Tensor weight = rand({real.size(0), 1}, options());
      const Tensor between = (weight * real + (1 - weight) * fake).requires_grad_();
      const Tensor slope = grad(sum(critic_(between)), between, {.create_graph = true});
      const Tensor penalty = mean(square(sqrt(sum(square(slope), {1}) + 1e-12) - 1));
      const Tensor loss = mean(critic_(fake)) - mean(critic_(real)) + 10 * penalty;
      adam_critic_.zero_grad();
      loss.backward();
      adam_critic_.step();
      critic_loss = loss.item();
      penalty_value = penalty.item();
    }
    adam_generator_.zero_grad();
    const Tensor loss = neg(mean(critic_(generator_(randn({11, 5}, options())))));
    loss.backward();
    adam_generator_.step();
    return {critic_loss, penalty_value, loss.item()};
  }

 private:
  nn::Sequential critic_{nn::Linear(3, 19),  nn::LayerNorm(19), nn::LeakyReLU(0.2),
                         nn::Linear(19, 11), nn::Tanh(),        nn::Linear(11, 1)};
  nn::Sequential generator_{nn::Linear(5, 17), nn::SiLU(), nn::Linear(17, 7), nn::ELU(), nn::Linear(7, 3)};
  optim::Adam &adam_critic_, &adam_generator_;
};

class Classifier final : public Base {
 public:
  explicit Classifier(const Place& place)
      : Base(place),
        sgd_(
            (add("net", net_),
             add<optim::SGD>("sgd", net_.parameters(),
                             optim::SgdOptions{.lr = 0.03, .momentum = 0.9, .weight_decay = 1e-3, .nesterov = true}))) {
    load_from(rand({41, 2, 11, 9}), randint(0, 5, {41}), 7);
  }
  std::vector<double> step() override {
    const data::Batch batch = next_batch();
    sgd_.zero_grad();
    const Tensor loss = losses::cross_entropy(net_(batch.x), batch.y, {.label_smoothing = 0.1});
    loss.backward();
    sgd_.step();
    return {loss.item()};
  }

 private:
  nn::Sequential net_{nn::Conv2d(2, 5, 3, {.padding = 1}),
                      nn::BatchNorm2d(5),
                      nn::GELU(),
                      nn::MaxPool2d(2),
                      nn::Conv2d(5, 6, 3, {.stride = 2}),
                      nn::ReLU(),
                      nn::Flatten(),
                      nn::Dropout(0.3),
                      nn::Linear(12, 5)};
  optim::SGD& sgd_;
};

}  // namespace

std::unique_ptr<Training> make_vae(const Place& place) {
  return std::make_unique<Vae>(place, models::AutoencoderOptions{.image = {1, 7, 5}, .hidden = {19, 11}, .code = 3});
}

std::unique_ptr<Training> make_convolutional_vae(const Place& place) {
  return std::make_unique<Vae>(
      place,
      models::AutoencoderOptions{.network = models::Network::conv, .image = {2, 12, 8}, .hidden = {3, 5}, .code = 3});
}

std::unique_ptr<Training> make_wgan_gp(const Place& place) { return std::make_unique<WganGp>(place); }
std::unique_ptr<Training> make_classifier(const Place& place) { return std::make_unique<Classifier>(place); }

Trace run(const Make& make, const Place& place, int steps,
          const std::function<void(int step, Training&)>& before_step) {
  manual_seed(11);
  const std::unique_ptr<Training> training = make(place);
  Trace trace;
  for (int i = 0; i < steps; ++i) {
    if (before_step) before_step(i, *training);
    trace.steps.push_back(training->step());
  }
  trace.state = copy_of(training->state());
  trace.generator = default_generator().state();
  return trace;
}

Findings compare(const Trace& there, const Trace& here, const Tolerance& tolerance) {
  Findings out;
  if (there.steps.size() != here.steps.size()) {
    out += str("steps: ", there.steps.size(), " instead of ", here.steps.size(), "\n");
  }
  for (size_t i = 0; out.empty() && i < here.steps.size(); ++i) {
    for (size_t k = 0; k < here.steps[i].size(); ++k) {
      const double got = there.steps[i].at(k), want = here.steps[i][k];
      if (std::abs(got - want) <= tolerance.losses * std::abs(want)) continue;
      out += str("step ", i, ": number ", k, " is ", got, " instead of ", want, "\n");
    }
  }
  out += difference("state", there.state, here.state, tolerance.state);
  if (there.generator.seed != here.generator.seed || there.generator.offset != here.generator.offset) {
    out += str("generator: at ", there.generator.offset, " instead of ", here.generator.offset, "\n");
  }
  return out;
}

}  // namespace gg::parity
