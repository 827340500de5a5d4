// What a classifier makes of the plane: the picture of two moons, their labelled points, and the border between them.
// And the course of a training.
#pragma once

#include <string>

#include "apps/common/plots.h"
#include "apps/generalization/training.h"

namespace gg::apps {

/// A PNG: the probability of the second class as colour (blue 0, white ½, orange 1), the border as a black line,
/// unlabelled points as grey dots and labelled ones as discs of their class's colour. The model must take [n, 2].
std::string boundary_png(const Lab& lab, const models::Classifier& model, const Split& split, int pixels = 440);

/// Draws the border of replicate 0 into figures/boundary_<method>.png; for compare(), on two moons.
Inspect draw_boundary(Lab& lab, const std::string& prefix);

/// The pictures that draw_boundary made, two in a row, with the names of their methods below.
void add_boundaries(Section& section, const Lab& lab, const std::string& prefix,
                    const std::vector<std::string>& methods, const std::string& caption);

/// "loss" or a term of it over the steps of replicate 0; empty where the training diverged. `steps`: of the training.
Series course_of(const ArmResult& arm, const std::string& term, std::int64_t steps);

}  // namespace gg::apps
