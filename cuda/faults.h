// Wrong values that only a kernel sees: positions outside an axis, targets that are no class.
//
// The CPU looks at them before it starts and throws. Here the host would have to wait for a copy in every step, and a
// trap would end the process's use of the device. So a kernel leaves the bad element alone, writes NaN (or -1, or
// false) where its result would stand, and notes what it met in a record in page-locked memory, which costs nothing
// while there is nothing to note. The host looks at the record whenever it has waited for the device anyway: when a
// loss is read, a tensor copied to the host, or a stream synchronised. Then it throws the CPU's message, and the device
// goes on working. GG_SYNC=1 names the call itself. Of several faults that came before the host looked, one is named.
#pragma once

#include "cuda/device_api.h"

GG_DEVICE_API(
    /// Throws gg::Error if a kernel has met wrong values since the last call. For callers that have just waited for the
    /// device.
    void throw_faults();)
