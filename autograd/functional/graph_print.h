// Pictures of the recorded graph, as text and in Graphviz' DOT language. A library that prints its own graph can be
// taught.
#pragma once

#include <string>

#include "core/tensor.h"

namespace gg {

/// The graph behind a tensor, one line per operation, outputs first:
///
///   %3 = sum(%2)          []
///   %2 = tanh(%1)         [4]
///   %1 = leaf             [4]
std::string graph_text(const Tensor& t);

/// The same as a DOT digraph: pipe it through `dot -Tsvg`.
std::string graph_dot(const Tensor& t);

}  // namespace gg
