// Blocks that networks are built of.
#pragma once

#include "nn/blocks/adain.h"
#include "nn/blocks/patch_gan.h"
#include "nn/blocks/residual.h"
#include "nn/blocks/unet.h"
