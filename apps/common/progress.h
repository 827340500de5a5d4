// Progress that suits its reader: on a terminal one line that redraws itself, with rate and time left; in a log a
// plain line every few seconds.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "apps/common/terminal.h"

namespace gg::apps {

class Progress {
 public:
  /// Where it writes and what time it is; tests give their own.
  struct Stream {
    Terminal terminal;
    std::function<void(std::string_view)> write;
    std::function<double()> seconds;  ///< a clock that never goes back
  };
  /// The stream for people: stderr and the steady clock.
  static Stream standard_error();

  /// `total` units of work, of which `done` are already done (a resumed run). `unit` names one: "step", "image".
  Progress(std::string label, std::int64_t total, std::string unit = "step", std::int64_t done = 0,
           Stream stream = standard_error());
  /// Leaves the cursor on a fresh line.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// `done` units are done; `note` is shown behind ("loss 0.123"). Call it as often as you like: it draws at most ten
  /// times a second on a terminal, and writes at most one line in five seconds elsewhere.
  void update(std::int64_t done, std::string_view note = {});
  /// A line of its own, above the bar.
  void say(std::string_view line);
  /// The last state, with the time it took. Later calls do nothing.
  void finish(std::string_view note = {});

 private:
  std::string line(std::string_view note, bool last) const;
  void draw(std::string_view note, bool last);
  double rate() const;

  std::string label_;
  std::string unit_;
  std::int64_t total_;
  std::int64_t done_;
  std::int64_t first_done_;
  Stream stream_;
  double start_;
  double last_drawn_;
  bool bar_on_screen_ = false;
  bool finished_ = false;
  std::deque<std::pair<double, std::int64_t>> recent_;  ///< (time, done), for a rate that follows the present speed
};

}  // namespace gg::apps
