// Everything in losses/. How losses become one number: reduction.h, to be read first.
#pragma once

#include "losses/classification.h"
#include "losses/kl.h"
#include "losses/reduction.h"
#include "losses/regression.h"
