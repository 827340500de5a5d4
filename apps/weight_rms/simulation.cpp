#include "apps/weight_rms/simulation.h"

#include <cmath>

#include "apps/common/stop_signal.h"
#include "core/generator.h"
#include "core/grad_mode.h"
#include "ops/ops.h"
#include "optim/adam.h"
#include "optim/weight_rms_probe.h"

namespace gg::apps {
std::vector<Simulated> simulate(const std::vector<SimulatedCase>& cases, const SimulationOptions& options) {
  GG_CHECK(options.steps >= 0 && options.dimension >= 2,
           "simulate: expected steps ≥ 0 and a dimension of at least 2, got ", options.steps, " and ",
           options.dimension);
  NoGrad off;
  const Shape shape{options.dimension};
  Generator generator(options.seed);
  // Exactly the asked RMS, so that the start brings no noise.
  Tensor direction = randn(shape, {}, generator);
  direction = direction / norm(direction).item() * std::sqrt(static_cast<double>(options.dimension));

  std::vector<optim::AdamW::Group> groups;
  std::vector<optim::RateAndDecay> plans;
  optim::WeightRmsProbe::Named named;
  std::vector<Tensor> starts;
  for (const SimulatedCase& c : cases) {
    const Tensor start = c.theta0_rms * direction;
    const Tensor weights = clone(start).requires_grad_();
    starts.push_back(start);
    groups.push_back({{weights}, {.betas = {c.beta1, c.beta2}}});
    plans.push_back(c.plan);
    named.emplace_back(c.name, weights);
  }
  optim::AdamW optimizer(groups);
  optim::WeightRmsProbe probe(named, {.every = 1});  // used at the steps that are recorded

  std::vector<Simulated> all(cases.size());
  const std::vector<double> first = probe.weights();
  for (size_t i = 0; i < cases.size(); ++i) all[i] = {.steps = {0}, .rms = {first[i]}};

  std::vector<double> updates(cases.size(), 0);  // records that count
  const std::int64_t every = std::max<std::int64_t>(1, options.steps / options.records);
  for (std::int64_t step = 0; step < options.steps; ++step) {
    const Tensor noise = randn(shape, {}, generator);
    for (size_t i = 0; i < cases.size(); ++i) {
      const SimulatedCase& c = cases[i];
      named[i].second.set_grad(c.mu == 0 && c.sigma == 1 ? noise : c.sigma * noise + c.mu);
    }
    set_rates_and_decays(optimizer, plans, step);
    if (stop_requested()) throw Stopped(step);
    if ((step + 1) % every != 0 && step + 1 < options.steps) {
      optimizer.step();
      continue;
    }
    probe.step(optimizer);
    const std::vector<optim::Optimizer::Group> groups_now = optimizer.groups();
    for (size_t i = 0; i < cases.size(); ++i) {
      all[i].steps.push_back(static_cast<double>(step + 1));
      all[i].rms.push_back(probe.records().back().weight[i]);
      if (groups_now[i].lr < 0.1 * plans[i].lr.maximum()) continue;
      all[i].update += probe.records().back().update[i];
      ++updates[i];
    }
    if (options.progress) options.progress(step + 1);
  }

  for (size_t i = 0; i < cases.size(); ++i) {
    all[i].update /= updates[i];
    if (cases[i].theta0_rms == 0 || options.steps == 0) continue;
    const double kept = std::exp(-cases[i].plan.kappa(options.steps));
    const Tensor added = named[i].second.detach() - kept * starts[i];
    const double length = norm(added).item();
    if (length > 0) all[i].start_cosine = sum(added * starts[i]).item() / (length * norm(starts[i]).item());
  }
  return all;
}

double simulation_error(std::int64_t dimension) { return 1 / std::sqrt(2 * static_cast<double>(dimension)); }

}  // namespace gg::apps
