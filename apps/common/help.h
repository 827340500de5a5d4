// The help texts: what a program can do, and what a command takes, with defaults and examples.
#pragma once

#include <string>
#include <vector>

#include "apps/common/options.h"
#include "apps/common/terminal.h"

namespace gg::apps {

/// What the help text of one command says besides its options.
struct CommandHelp {
  std::string invocation;             ///< as one types it: "autoencoders vae"
  std::string summary;                ///< one line
  std::string details;                ///< paragraphs, separated by empty lines; may be empty
  std::vector<std::string> examples;  ///< arguments after the invocation, each with " # why" behind if wanted
};

/// Call before values are parsed: the present values are shown as the defaults.
std::string command_help(const CommandHelp& command, const OptionSet& options, const Terminal& terminal);

/// The overview: names and one-line summaries of the commands.
std::string app_help(const std::string& invocation, const std::string& summary,
                     const std::vector<std::pair<std::string, std::string>>& commands, const Terminal& terminal);

}  // namespace gg::apps
