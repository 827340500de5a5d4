// Which CUDA a build stands on, for people.
#pragma once

#include <string>

#include "cuda/device_api.h"

GG_DEVICE_API(
    /// "CUDA runtime 13.0, driver for CUDA 13.0"; "no driver" where there is none. Defined only in builds with this
    /// kind of device.
    std::string versions();)
