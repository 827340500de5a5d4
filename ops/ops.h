// Every operation. Read first elementwise.h (arithmetic and functions), then shape.h and reduce.h; how one is written
// is told in autograd/apply.h and in docs/adding_an_op.md.
#pragma once

#include "ops/attention.h"
#include "ops/conv2d.h"
#include "ops/copy.h"
#include "ops/cosine_linear.h"
#include "ops/creation.h"
#include "ops/dropout.h"
#include "ops/elementwise.h"
#include "ops/gumbel.h"
#include "ops/index.h"
#include "ops/linalg.h"
#include "ops/matmul.h"
#include "ops/norm.h"
#include "ops/pool.h"
#include "ops/recurrent.h"
#include "ops/reduce.h"
#include "ops/rotary.h"
#include "ops/shape.h"
#include "ops/softmax.h"
