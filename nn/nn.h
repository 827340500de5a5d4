// Everything in nn/: start with module.h.
#pragma once

#include "nn/activation.h"
#include "nn/attention.h"
#include "nn/conv.h"
#include "nn/dropout.h"
#include "nn/freeze.h"
#include "nn/init.h"
#include "nn/linear.h"
#include "nn/module.h"
#include "nn/norm.h"
#include "nn/parameter.h"
#include "nn/pool.h"
#include "nn/recurrent.h"
#include "nn/sequential.h"
#include "nn/shape.h"
#include "nn/summary.h"
#include "nn/transformer.h"
