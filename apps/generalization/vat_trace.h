// VAT step by step on one sample and a batch: what the report of `generalization vat` ends with.
#pragma once

#include "apps/generalization/training.h"

namespace gg::apps {

/// Trains a network with `objective` (as replicate 0), and adds a section: the directions of one test image from a
/// random start on as pictures, the Rayleigh quotient by power steps (A20), the divergence over its second-order form
/// (A19), and the gradient of the two versions of the loss (A23). Numbers go into `summary["trace"]`.
void add_trace(Report& report, Json& summary, Lab& lab, const DataSet& data, const TrainingOptions& options,
               const Objective& objective, double epsilon);

}  // namespace gg::apps
