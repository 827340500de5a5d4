// Trajectories of a million steps as curves of a few hundred points, and curves as text for other programs.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "apps/common/plots.h"

namespace gg::apps {

/// Every so many steps of a trajectory that begins before training, and its end.
inline Series thinned(const std::string& name, const std::vector<double>& trajectory, std::size_t points = 300) {
  Series series{.name = name};
  const std::size_t every = std::max<std::size_t>(1, trajectory.size() / points);
  for (std::size_t t = 0; t < trajectory.size(); ++t) {
    if (t % every != 0 && t + 1 != trajectory.size()) continue;
    series.x.push_back(static_cast<double>(t));
    series.y.push_back(trajectory[t]);
  }
  return series;
}

/// One line for each point: "curve",step,rms, numbers to their last digit. For spreadsheets and plotting programs.
inline std::string csv_of(const std::vector<Series>& curves) {
  std::string text = "curve,step,rms\n";
  for (const Series& curve : curves) {
    for (std::size_t i = 0; i < curve.x.size(); ++i) {
      text += fmt::format("\"{}\",{},{}\n", curve.name, curve.x[i], curve.y[i]);
    }
  }
  return text;
}

}  // namespace gg::apps
