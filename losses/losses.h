// Everything in losses/. How losses become one number: reduction.h, to be read first. Regularisers, from random noise
// to virtual adversarial training, in this order: noise.h, augment.h, laplacian_penalty.h, gradient_penalty.h,
// adversarial.h, vat.h.
#pragma once

#include "losses/adversarial.h"
#include "losses/augment.h"
#include "losses/classification.h"
#include "losses/gradient_penalty.h"
#include "losses/kl.h"
#include "losses/laplacian_penalty.h"
#include "losses/noise.h"
#include "losses/reduction.h"
#include "losses/regression.h"
#include "losses/vat.h"
