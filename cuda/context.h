// Whether a device of each kind is there. Never throws, needs no driver, and is always defined, whatever was built.
#pragma once

#include <string>

#include "cuda/device_api.h"

GG_DEVICE_API(
    /// How many devices can be used: 0 without GPU, without driver, or if the build lacks this kind.
    int device_count() noexcept;

    /// Why device_count() is 0, in one line with what to do about it; empty if there is a device.
    std::string why_unavailable();

    /// "NVIDIA H100 80GB HBM3, compute capability 9.0, 81079 MiB"; throws gg::Error where device_count() is 0.
    std::string device_description();)
