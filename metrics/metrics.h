// Everything in metrics/: numbers for reports, computed in float64, each with a closed-form test.
#pragma once

#include "metrics/classification.h"
#include "metrics/image.h"
#include "metrics/latent.h"
#include "metrics/pca.h"
