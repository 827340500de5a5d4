// Transforms of functions and checks of derivatives; these stand above ops/.
#pragma once

#include "autograd/functional/gradcheck.h"
#include "autograd/functional/graph_print.h"
#include "autograd/functional/transforms.h"
