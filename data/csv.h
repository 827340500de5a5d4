// Tables of numbers in text files: comma-separated values, packed with gzip or not. data/digits.h reads one.
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "core/tensor.h"

namespace gg::data {

/// A file of rows of numbers, separated by commas, without a header and without quotes: float64 [rows, columns]. Blanks
/// around numbers, "\r\n" and a last line without its end are fine, empty lines at the end too. Throws gg::Error that
/// names file and line: cannot be read, cut-off gzip, no rows, a row of another length than the first, and anything
/// that is no finite number.
Tensor read_csv(const std::filesystem::path& path);

/// The same of text; `source` names it in messages.
Tensor parse_csv(std::string_view text, const std::string& source);

}  // namespace gg::data
