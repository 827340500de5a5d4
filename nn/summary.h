// summary: a model as a table.
#pragma once

#include <string>

#include "nn/sequential.h"

namespace gg::nn {

/// A line for each sub-module that has parameters or buffers of its own: name, description, their shapes, and how many
/// numbers; then the sums, trained and frozen, and their bytes. Tied parameters count once.
std::string summary(const Module& module);

/// A line for each layer of a chain: description, the shape that comes out of it for an input of shape `input`, and how
/// many numbers it has. Runs the chain once, in evaluation mode, on zeros of the parameters' type and device.
std::string summary(const Sequential& chain, const Shape& input);

}  // namespace gg::nn
