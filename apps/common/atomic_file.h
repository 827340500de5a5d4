// The files of a run: whole ones by the library's AtomicFile (data/atomic_file.h); those that grow by lines are in
// json_lines.h.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "data/atomic_file.h"

namespace gg::apps {

using data::AtomicFile;
using data::sync_directory;
using data::UniqueFd;
using data::write_all;

/// AtomicFile in one call.
void write_file_atomically(const std::filesystem::path& target, std::string_view bytes);

/// The whole file. Throws gg::Error when it is missing, unreadable, a directory, or larger than `limit_bytes`.
std::string read_file(const std::filesystem::path& path, std::size_t limit_bytes);

/// Makes `directory` and its parents. Throws gg::Error where that fails or something else has the name.
void make_directories(const std::filesystem::path& directory);

/// Removes the temporary files that a killed process left in `directory`. Call only while no one else writes there.
void remove_stale_temporaries(const std::filesystem::path& directory);

/// data::file_failure on one line, whatever the path holds.
std::string file_failure(std::string_view action, const std::filesystem::path& path, int error);

}  // namespace gg::apps
