// How commands of this app begin and end.
#pragma once

#include "apps/common/app.h"
#include "apps/common/report.h"

namespace gg::apps {

/// Takes --threads.
void set_up(const RunContext& context);

/// Writes the report and, last, the summary; says where they are.
void finish(RunContext& context, Report& report, const Json& summary);

}  // namespace gg::apps
