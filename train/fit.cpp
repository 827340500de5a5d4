#include "train/fit.h"

#include <algorithm>

#include "optim/optim.h"

namespace gg::train {

void FitOptions::declare(apps::OptionSet& options, const std::string& prefix) {
  options.add(prefix + "epochs", epochs, "passes over the training data").range(1, 100000).quick(5);
  options.add(prefix + "batch_size", batch_size, "samples in a step").range(1, 100000);
  options.add(prefix + "lr", lr, "peak learning rate; a cosine leads down to 0").above(0).range(0, 10);
  options.add(prefix + "warmup", warmup, "steps in which the rate rises, at most a fifth of all").at_least(0);
  options.add(prefix + "weight_decay", weight_decay, "AdamW's decay, per unit of learning rate").at_least(0);
  options.add(prefix + "clip", clip, "largest norm of the gradient").above(0);
  options.add(prefix + "checkpoint_every", checkpoint_every, "steps between checkpoints")
      .range(1, 1e9)
      .may_change_on_resume();
  options.add(prefix + "log_every", log_every, "steps between lines in metrics.jsonl").range(1, 1e9);
}

double fit(Trainer& trainer, const Fit& f) {
  const FitOptions& o = f.options;
  const std::vector<Tensor> parameters = f.model.parameters();
  optim::AdamW optimizer(parameters, {.lr = o.lr, .weight_decay = o.weight_decay});
  const auto step = [&](const data::Batch& batch, const Progression& at) -> Numbers {
    // At most a fifth of the steps warm up, so that a short run has steps left to learn in.
    const optim::Schedule rate =
        optim::cosine({.peak = o.lr, .steps = at.steps, .warmup = std::min(o.warmup, at.steps / 5)});
    optimizer.zero_grad();
    const Tensor loss = f.loss(batch);
    loss.backward();
    const Tensor norm = optim::clip_grad_norm_(parameters, o.clip);
    optimizer.step(rate(at.step));
    return {.mean = {{"loss", loss.item()}}, .latest = {{"lr", optimizer.options().lr}, {"grad_norm", norm.item()}}};
  };
  const Stage stage{.name = f.name,
                    .parts = {{"model", f.model}, {"optimizer", optimizer}},
                    .dataset = f.dataset,
                    .batch_size = o.batch_size,
                    .transform = f.transform,
                    .epochs = o.epochs,
                    .checkpoint_every = o.checkpoint_every,
                    .log_every = o.log_every,
                    .step = step,
                    .evaluate = f.evaluate,
                    .keep_best = f.keep_best ? std::vector<std::string>{"model"} : std::vector<std::string>{}};
  const double seconds = trainer.train(stage);
  if (f.keep_best) trainer.load_best(stage);
  return seconds;
}

}  // namespace gg::train
