#include "apps/common/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "apps/common/text.h"

namespace gg::apps {
namespace {

constexpr double kRedrawSeconds = 0.1;
constexpr double kLogSeconds = 5;
constexpr double kRateWindowSeconds = 15;

/// A bar of `width` cells, `share` of it full, in eighths of a cell where the terminal can show them.
std::string bar(double share, int width, bool utf8) {
  const int eighths = static_cast<int>(std::clamp(share, 0.0, 1.0) * width * 8);
  std::string out;
  if (!utf8) {
    for (int i = 0; i < width; ++i) out += i < eighths / 8 ? '#' : '.';
    return "[" + out + "]";
  }
  static const char* const kPartial[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  for (int i = 0; i < eighths / 8; ++i) out += "█";
  if (eighths / 8 < width) {
    out += kPartial[eighths % 8];
    const int used = eighths / 8 + (eighths % 8 != 0 ? 1 : 0);
    for (int i = used; i < width; ++i) out += "░";
  }
  return out;
}

/// At most `width` code points of `text`.
std::string cut(std::string_view text, std::size_t width) {
  std::size_t points = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80 && ++points > width) return std::string(text.substr(0, i));
  }
  return std::string(text);
}

}  // namespace

Progress::Stream Progress::standard_error() {
  Stream stream;
  stream.terminal = terminal_of(STDERR_FILENO);
  stream.write = [](std::string_view text) {
    // Progress is for show: where stderr is closed or full, the run goes on without it.
    while (!text.empty()) {
      const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
      if (written <= 0) return;
      text.remove_prefix(static_cast<std::size_t>(written));
    }
  };
  stream.seconds = [] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
  };
  return stream;
}

Progress::Progress(std::string label, std::int64_t total, std::string unit, std::int64_t done, Stream stream)
    : label_(std::move(label)),
      unit_(std::move(unit)),
      total_(std::max<std::int64_t>(total, 0)),
      done_(done),
      first_done_(done),
      stream_(std::move(stream)),
      start_(stream_.seconds()),
      last_drawn_(start_ - 1e9) {
  recent_.emplace_back(start_, done_);
}

Progress::~Progress() {
  if (bar_on_screen_) stream_.write("\n");
}

void Progress::update(std::int64_t done, std::string_view note) {
  if (finished_) return;
  done_ = done;
  const double now = stream_.seconds();
  if (now - last_drawn_ < (stream_.terminal.interactive ? kRedrawSeconds : kLogSeconds)) return;
  recent_.emplace_back(now, done_);
  while (recent_.size() > 2 && now - recent_[1].first > kRateWindowSeconds) recent_.pop_front();
  draw(note, false);
  last_drawn_ = now;
}

void Progress::say(std::string_view text) {
  if (bar_on_screen_) stream_.write("\r\x1b[K");
  stream_.write(std::string(text) + "\n");
  if (bar_on_screen_ && !finished_) draw({}, false);
}

void Progress::finish(std::string_view note) {
  if (finished_) return;
  finished_ = true;
  draw(note, true);
}

double Progress::rate() const {
  const auto& [then, done_then] = recent_.front();
  const double seconds = recent_.back().first - then;
  return seconds > 0 ? static_cast<double>(recent_.back().second - done_then) / seconds : 0;
}

std::string Progress::line(std::string_view note, bool last) const {
  const Terminal& terminal = stream_.terminal;
  const double elapsed = stream_.seconds() - start_;
  const double share = total_ > 0 ? static_cast<double>(done_) / static_cast<double>(total_) : 0;
  std::string state = total_ > 0 ? fmt::format("{}/{}", done_, total_) : fmt::format("{}", done_);
  const double speed = last && elapsed > 0 ? static_cast<double>(done_ - first_done_) / elapsed : rate();
  if (speed > 0) {
    state += speed >= 1 ? fmt::format("  {} {}/s", format_fixed(speed, decimals_for(speed, 3)), unit_)
                        : fmt::format("  {} s/{}", format_fixed(1 / speed, decimals_for(1 / speed, 3)), unit_);
  }
  if (last) {
    state += "  in " + format_duration(elapsed);
  } else if (total_ > done_ && speed > 0) {
    state += "  " + format_duration(static_cast<double>(total_ - done_) / speed) + " left";
  }
  const std::string percent = total_ > 0 ? fmt::format("{:3.0f}%", std::min(share, 1.0) * 100) : "";
  const std::string behind = note.empty() ? "" : "  " + one_line(note);
  if (!terminal.interactive) {
    return label_ + (percent.empty() ? "" : " " + percent) + "  " + state + behind + "\n";
  }
  // The bar takes what the words leave of one line; words are cut before they wrap, or the redraw would smear.
  const auto width = static_cast<std::size_t>(terminal.width - 1);
  const std::string words = "  " + state + behind;
  const std::size_t fixed = count_code_points(label_) + 2 + percent.size() + count_code_points(words) + 2;
  const int cells = static_cast<int>(std::min<std::size_t>(fixed + 8 <= width ? width - fixed : 0, 30));
  std::string head = cut(label_, width);
  std::string rest = cut(words, width - std::min(width, count_code_points(head) + 1 + percent.size() +
                                                            (cells > 0 ? static_cast<std::size_t>(cells) + 3 : 0)));
  std::string out = styled(terminal, "1", head) + " ";
  if (cells > 0 && total_ > 0) out += styled(terminal, last ? "32" : "36", bar(share, cells, terminal.utf8)) + " ";
  return out + percent + rest;
}

void Progress::draw(std::string_view note, bool last) {
  const std::string text = line(note, last);
  if (!stream_.terminal.interactive) {
    stream_.write(text);
    return;
  }
  stream_.write("\r\x1b[K" + text + (last ? "\n" : ""));
  bar_on_screen_ = !last;
}

}  // namespace gg::apps
