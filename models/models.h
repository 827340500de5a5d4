// Everything in models/: networks that more than one app uses, as modules. Start with autoencoder.h.
#pragma once

#include "models/autoencoder.h"
#include "models/classifier.h"
#include "models/vae.h"
