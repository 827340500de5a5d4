// The losses that the commands compare: places where noise can be put, and the term that needs no labels. Each is a few
// lines around a function of losses/.
#pragma once

#include "apps/generalization/training.h"

namespace gg::apps {

/// Cross-entropy of x + ε, ε of deviation sigma, averaged over `samples` draws.
Objective input_noise(double sigma, std::int64_t samples = 1);
/// ε added to the output of each hidden layer.
Objective added_in_hidden(double sigma);
/// The output of each hidden layer times (1 + ε).
Objective multiplied_in_hidden(double deviation, losses::NoiseKind kind);
/// The gradient at weights + ε.
Objective weight_noise(double sigma);
/// A share of the labels replaced by random ones, anew in each step; and what that is on average.
Objective label_noise(double share);
Objective label_smoothing(double share);
/// Images moved and scaled by up to this share.
Objective shift_and_zoom(double most);

/// Whether f(x) in l(f(x+ε), f(x)) is a constant or gets gradients as well.
enum class Target { fixed, learns };
/// l(f(x), y) on labelled samples plus KL(f(x) ‖ f(x+ε)) on unlabelled ones; these are also its terms.
inline constexpr const char* kLabelledTerm = "l(f(x), y)";
inline constexpr const char* kLabelFreeTerm = "l(f(x+ε), f(x))";
Objective label_free(double sigma, Target target);

/// The mean of KL(f(x) ‖ f(x+ε)) over up to 1000 test samples: what label_free makes small.
double sensitivity(const Lab& lab, const models::Classifier& model, const Split& split, double sigma);

}  // namespace gg::apps
