// The one exception type that the framework throws on purpose: bad input, bad files, wrong shapes.
#pragma once

#include <stdexcept>

namespace gg {

/// Says what was expected, what came and what to do.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace gg
