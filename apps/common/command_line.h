// From argv to values: defaults < --quick < --config file (or the resumed run's config.json) < command line.
// Read app.h for how a program uses it.
#pragma once

#include <string>
#include <vector>

#include "apps/common/options.h"

namespace gg::apps {

/// What came of one command's arguments.
struct ParsedArguments {
  bool help = false;  ///< --help was given; nothing else was looked at
};

/// Sets `options` (which hold `standard`'s, declared into the same set) from `arguments`, the words after the command's
/// name. `app` and `command` must match those in the configuration file, where it names them. Throws UsageError for
/// anything unknown, mistyped, given twice or without meaning beside the others, and where a configuration file cannot
/// be read.
ParsedArguments parse_arguments(const std::string& app, const std::string& command,
                                const std::vector<std::string>& arguments, OptionSet& options,
                                StandardOptions& standard);

}  // namespace gg::apps
