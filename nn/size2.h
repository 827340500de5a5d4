// Size2, a height and a width, by the name that layers use.
#pragma once

#include "core/window.h"

namespace gg::nn {

using gg::Size2;

}  // namespace gg::nn
