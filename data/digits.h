// The 8 × 8 digits of scikit-learn: real images on which a network learns in a second.
#pragma once

#include <filesystem>

#include "data/dataset.h"

namespace gg::data {

/// Where the digits are looked for when no file is given: "digits.csv.gz" in the folder that the environment variable
/// GG_DATA names, then the file of Debian's python3-sklearn. Empty where there is neither.
std::filesystem::path find_digits();

/// 1,797 handwritten digits (Alpaydin and Kaynak 1998; test part of the UCI "optdigits"), as scikit-learn ships them:
/// rows of 64 pixels from 0 to 16 and a label from 0 to 9, as .csv or .csv.gz. Gives x [n, 1, 8, 8] in [0, 1].
/// An empty path: find_digits(); if that finds none, the error says how to get the file. Throws gg::Error.
Labelled digits(const std::filesystem::path& file = {});

}  // namespace gg::data
