#include "apps/weight_rms/finish.h"

#include <cstdio>

#include "core/parallel.h"

namespace gg::apps {

void set_up(const RunContext& context) {
  if (context.standard().threads > 0) set_num_threads(static_cast<int>(context.standard().threads));
}

void finish(RunContext& context, Report& report, const Json& summary) {
  report.config(context.config());
  report.command(context.repeat_command());
  const std::string page = context.run().write_report(report.html()).string();
  const std::string numbers = context.run().write_summary(summary).string();
  std::printf("\nReport:  %s\nNumbers: %s\n", page.c_str(), numbers.c_str());
}

}  // namespace gg::apps
