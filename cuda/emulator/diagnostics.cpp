#include "cuda/emulator/diagnostics.h"

#include <cstdlib>
#include <cstring>
#include <mutex>
#include <utility>

#include "cuda/emulator/emulator.h"

namespace gg::emulator {
namespace {
struct Log {
  std::mutex mutex;
  std::vector<std::string> texts;
};
Log& log() {
  static Log* instance = new Log;  // outlives every static that might still report
  return *instance;
}

Options preset() {
  Options options;
  if (const char* wanted = std::getenv("GG_EMULATOR_SCHEDULE")) {
    for (Schedule schedule : kSchedules) {
      if (std::strcmp(wanted, to_string(schedule)) == 0) options.schedule = schedule;
    }
  }
  if (const char* eager = std::getenv("GG_EMULATOR_EAGER")) options.eager = std::strcmp(eager, "1") == 0;
  return options;
}
}  // namespace

const char* to_string(Schedule schedule) {
  switch (schedule) {
    case Schedule::forward:
      return "forward";
    case Schedule::reverse:
      return "reverse";
    case Schedule::random_a:
      return "random_a";
    case Schedule::random_b:
      return "random_b";
  }
  return "?";
}

Options& options() {
  static Options instance = preset();
  return instance;
}

void report(std::string text) {
  std::lock_guard lock(log().mutex);
  log().texts.push_back(std::move(text));
}

std::vector<std::string> take_diagnostics() {
  std::lock_guard lock(log().mutex);
  return std::exchange(log().texts, {});
}

std::string last_diagnostic() {
  std::lock_guard lock(log().mutex);
  return log().texts.empty() ? std::string() : log().texts.back();
}

}  // namespace gg::emulator
