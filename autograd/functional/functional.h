// Transforms of functions and checks of derivatives; these stand above ops/.
#pragma once

#include "autograd/functional/fisher.h"
#include "autograd/functional/gauss_newton.h"
#include "autograd/functional/gradcheck.h"
#include "autograd/functional/graph_print.h"
#include "autograd/functional/jacobian.h"
#include "autograd/functional/laplacian.h"
#include "autograd/functional/transforms.h"
