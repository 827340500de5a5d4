// Everything in optim/: optimizer.h says what all optimisers share, schedule.h how rates and decays change,
// weight_rms.h what becomes of the weights.
#pragma once

#include "optim/adam.h"
#include "optim/clip.h"
#include "optim/ema.h"
#include "optim/optimizer.h"
#include "optim/rate_and_decay.h"
#include "optim/rmsprop.h"
#include "optim/schedule.h"
#include "optim/sgd.h"
#include "optim/sparse_adam.h"
#include "optim/weight_rms.h"
#include "optim/weight_rms_probe.h"
