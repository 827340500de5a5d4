// Every operation. Read elementwise.h first, then the header of the kind you need; `./run ops` prints the reference.
#pragma once

#include "ops/conv2d.h"
#include "ops/creation.h"
#include "ops/dropout.h"
#include "ops/elementwise.h"
#include "ops/index.h"
#include "ops/matmul.h"
#include "ops/norm.h"
#include "ops/pool.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "ops/softmax.h"
