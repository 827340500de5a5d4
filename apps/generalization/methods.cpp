#include "apps/generalization/methods.h"

#include <algorithm>

#include "core/grad_mode.h"
#include "losses/losses.h"
#include "ops/ops.h"

namespace gg::apps {
namespace {

Objective with_hidden(const std::function<Tensor(const Tensor&)>& noise) {
  return [=](const Step& s) { return losses::cross_entropy(s.model.with_hidden(s.x, noise), s.y); };
}

}  // namespace

Objective input_noise(double sigma, std::int64_t samples) {
  return [=](const Step& s) {
    const auto loss = [&](const Tensor& x) {
      return losses::cross_entropy(s.model(x), s.y, {.reduction = losses::Reduction::none});
    };
    return losses::noisy_loss(loss, s.x, {.noise = {.std = sigma}, .samples = samples});
  };
}

Objective added_in_hidden(double sigma) {
  return with_hidden([=](const Tensor& h) { return losses::additive_noise(h, {.std = sigma}); });
}

Objective multiplied_in_hidden(double deviation, losses::NoiseKind kind) {
  return with_hidden(
      [=](const Tensor& h) { return losses::multiplicative_noise(h, {.std = deviation, .kind = kind}); });
}

Objective weight_noise(double sigma) {
  return [=](const Step& s) {
    s.weights.reset(new losses::Perturbed(losses::weight_noise(s.model, {.std = sigma})));
    return supervised(s);
  };
}

Objective label_noise(double share) {
  return [=](const Step& s) {
    return losses::cross_entropy(s.model(s.x), losses::noisy_labels(s.y, s.model.options.classes, share));
  };
}

Objective label_smoothing(double share) {
  return [=](const Step& s) { return losses::cross_entropy(s.model(s.x), s.y, {.label_smoothing = share}); };
}

Objective shift_and_zoom(double most) {
  return [=](const Step& s) {
    return losses::cross_entropy(s.model(losses::shift_and_zoom(s.x, {.shift = most, .zoom = most})), s.y);
  };
}

Objective label_free(double sigma, Target target) {
  return [=](const Step& s) {
    const Tensor x = s.unlabelled();
    const Tensor clean = s.model(x), noisy = s.model(losses::additive_noise(x, {.std = sigma}));
    const Tensor moved = mean(losses::kl_from_logits(target == Target::learns ? clean : clean.detach(), noisy));
    return s.term(kLabelledTerm, supervised(s)) + s.term(kLabelFreeTerm, moved);
  };
}

double sensitivity(const Lab& lab, const models::Classifier& model, const Split& split, double sigma) {
  Generator g(lab.seed_for(kNoise, 1 << 20));
  NoGrad guard;
  const Tensor x = slice(split.x_test, 0, 0, std::min<std::int64_t>(1000, split.x_test.size(0)));
  const Tensor noisy = losses::additive_noise(x, {.std = sigma}, g);
  return mean(losses::kl_from_logits(logits_of(lab, model, x), logits_of(lab, model, noisy))).item();
}

}  // namespace gg::apps
