#include "data/digits.h"

#include <cmath>
#include <cstdlib>

#include "core/error.h"
#include "data/csv.h"

namespace gg::data {
namespace {

constexpr const char* kPackagedDigits = "/usr/lib/python3/dist-packages/sklearn/datasets/data/digits.csv.gz";
constexpr int64_t kPixels = 64;
constexpr double kBrightest = 16;

}  // namespace

std::filesystem::path find_digits() {
  std::error_code ignored;
  if (const char* folder = std::getenv("GG_DATA")) {
    const std::filesystem::path file = std::filesystem::path(folder) / "digits.csv.gz";
    if (std::filesystem::exists(file, ignored)) return file;
  }
  return std::filesystem::exists(kPackagedDigits, ignored) ? kPackagedDigits : std::filesystem::path();
}

Labelled digits(const std::filesystem::path& given) {
  const std::filesystem::path file = given.empty() ? find_digits() : given;
  GG_CHECK(!file.empty(), "there is no file of digits here. `./run app generalization` fetches it; otherwise give ",
           "digits.csv.gz of scikit-learn (in Debian's python3-sklearn: ", kPackagedDigits, ")");
  const Tensor table = read_csv(file);
  const int64_t n = table.size(0);
  GG_CHECK(table.size(1) == kPixels + 1, file.string(), ": expected rows of 64 pixels and a label, got rows of ",
           table.size(1), " numbers");
  const std::vector<double> numbers = table.to_vector<double>();
  std::vector<float> pixels;
  std::vector<int64_t> labels;
  for (int64_t row = 0; row < n; ++row) {
    const double* cells = numbers.data() + row * (kPixels + 1);
    for (int64_t i = 0; i < kPixels; ++i) {
      GG_CHECK(cells[i] >= 0 && cells[i] <= kBrightest, file.string(), ", line ", row + 1,
               ": expected pixels from 0 to 16, got ", cells[i]);
      pixels.push_back(static_cast<float>(cells[i] / kBrightest));
    }
    const double label = cells[kPixels];
    GG_CHECK(label >= 0 && label <= 9 && label == std::floor(label), file.string(), ", line ", row + 1,
             ": expected a label from 0 to 9 in the last column, got ", label);
    labels.push_back(static_cast<int64_t>(label));
  }
  return {from_vector(pixels, {n, 1, 8, 8}), from_vector(labels, {n})};
}

}  // namespace gg::data
