#include "bench/report.h"

#include <fmt/format.h>

namespace gg::bench {
namespace {

enum class Unit { ns, ms, mib };

// What a row is measured by. FLOPs are those of the matrix products and convolutions, counted by hand: forward, and in
// the backward pass each once more for the weights and, but for the first layer, for the inputs; padding counts. Bytes
// are those of AdamW: parameter, gradient and two moments read, all but the gradient written: 28 for each number.
struct Facts {
  const char* row;
  Unit unit;
  double flops = 0, bytes = 0;  ///< where the row itself does not tell
  double goal = 0;              ///< at most this, in the row's unit; 0: none
  double goal_ratio = 0;        ///< at most this much of the tuned peer's time; 0: none
};

constexpr double kBatch = 128, kAdamWBytes = 28;
constexpr double kMlpWeights = 784 * 512 + 512 * 512 + 512 * 10, kMlpFirst = 784 * 512;
constexpr double kVaeWeights = 784 * 400 + 2 * 400 * 20 + 20 * 400 + 400 * 784, kVaeFirst = 784 * 400;
// Multiply-adds of one image: output pixels (input pixels, transposed) · channels in and out · taps.
constexpr double kConvFirst = 14 * 14 * 32 * 9;
constexpr double kConvAll = kConvFirst + 7 * 7 * 32 * 64 * 9 + 7 * 7 * 64 * 32 * 16 + 14 * 14 * 32 * 16;
constexpr double step_flops(double all, double first) { return 2 * kBatch * (3 * all - first); }

const Facts kFacts[] = {
    {.row = "mul: no grad", .unit = Unit::ns},
    {.row = "mul: recorded", .unit = Unit::ns, .goal = 150},
    {.row = "mul: + backward", .unit = Unit::ns, .goal = 400},
    {.row = "mul: + second backward", .unit = Unit::ns, .goal = 1000},
    {.row = "tanh: no grad", .unit = Unit::ns},
    {.row = "tanh: recorded", .unit = Unit::ns, .goal = 150},
    {.row = "tanh: + backward", .unit = Unit::ns, .goal = 400},
    {.row = "tanh: + second backward", .unit = Unit::ns, .goal = 1000},
    {.row = "MLP step",
     .unit = Unit::ms,
     .flops = step_flops(kMlpWeights, kMlpFirst),
     .bytes = kAdamWBytes * kMlpWeights,
     .goal_ratio = 0.75},
    {.row = "VAE step",
     .unit = Unit::ms,
     .flops = step_flops(kVaeWeights, kVaeFirst),
     .bytes = kAdamWBytes * kVaeWeights,
     .goal_ratio = 0.75},
    {.row = "conv autoencoder step", .unit = Unit::ms, .flops = step_flops(kConvAll, kConvFirst), .goal_ratio = 0.6},
    {.row = "AdamW 50M, 1 tensor", .unit = Unit::ms, .bytes = kAdamWBytes * 50e6, .goal_ratio = 0.6},
    {.row = "AdamW 50M, 50 tensors", .unit = Unit::ms, .bytes = kAdamWBytes * 50e6, .goal_ratio = 0.6},
    {.row = "process with a first backward", .unit = Unit::ms, .goal = 50},
    {.row = "process with a first backward, CPU", .unit = Unit::ms},
    {.row = "idle RSS", .unit = Unit::mib, .goal = 30},
};

// Goals are set for the CPU.
Facts facts_of(const Report& report, const std::string& row) {
  for (Facts f : kFacts) {
    if (row != f.row) continue;
    if (report.device != "cpu") f.goal = f.goal_ratio = 0;
    return f;
  }
  return {.row = "", .unit = Unit::ms};
}

// What the row told, or what is known about it here.
Work work_of(const Row& row, const Facts& f) {
  return row.work.bytes > 0 || row.work.flops > 0 ? row.work : Work{f.bytes, f.flops};
}

double scale(Unit unit) { return unit == Unit::ns ? 1e9 : unit == Unit::ms ? 1e3 : 1; }
const char* name_of(Unit unit) { return unit == Unit::ns ? "ns" : unit == Unit::ms ? "ms" : "MiB"; }

// In the row's unit; 0 if it was not measured.
double value(const Samples& samples, Who who, Unit unit) {
  auto it = samples.find(who);
  return it == samples.end() ? 0 : median(it->second) * scale(unit);
}

// Least time in seconds: arithmetic at the peak, then the optimiser's bytes at the bandwidth. 0: not counted.
double least_seconds(const Work& work, const Limits& limits) {
  double seconds = 0;
  if (work.flops > 0 && limits.fma > 0) seconds += work.flops / limits.fma;
  if (work.bytes > 0 && limits.triad > 0) seconds += work.bytes / limits.triad;
  return seconds;
}

// Of rows that are made of one kind of work.
std::string rate(const Work& work, double seconds) {
  if (seconds <= 0 || (work.bytes > 0) == (work.flops > 0)) return "-";
  const double per_second = 1e-9 * (work.bytes + work.flops) / seconds;
  return fmt::format("{:.{}f} {}", per_second, per_second < 100 ? 1 : 0, work.bytes > 0 ? "GB/s" : "GFLOP/s");
}

std::string cell(double v, const char* suffix = "") {
  if (v <= 0) return "-";
  int digits = v >= 100 ? 0 : v >= 10 ? 1 : 2;
  return fmt::format("{:.{}f}{}", v, digits, suffix);
}

const char* clock_name(const Report& r) {
  return r.threads == 1 && r.device == "cpu" ? "CPU time of the calling thread" : "wall time";
}

}  // namespace

const char* name_of(Who who) { return who == Who::ours ? "gradgrad" : who == Who::stock ? "stock" : "tuned"; }

void Report::add(const std::string& name, Who who, double value, const Work& work) {
  for (Row& row : rows) {
    if (row.name == name) {
      row.samples[who].push_back(value);
      return;
    }
  }
  rows.push_back({name, work, {{who, {value}}}});
}

std::string to_table(const Report& r) {
  std::string out;
  for (const auto& [key, fact] : r.facts) out += fmt::format("{:<28} {}\n", key, fact);
  out += fmt::format("{:<28} {} (times are {})\n", "threads", r.threads, clock_name(r));
  if (r.device == "cpu") {
    out += fmt::format("{:<28} {:.0f} GFLOP/s FMA ({}), {:.1f} GB/s copy, {:.1f} GB/s triad\n", "limits of the machine",
                       r.limits.fma * 1e-9, r.limits.isa, r.limits.copy * 1e-9, r.limits.triad * 1e-9);
  } else if (r.limits.copy > 0) {
    out += fmt::format("{:<28} {:.0f} GB/s copy on the device\n", "limit of the machine", r.limits.copy * 1e-9);
  }
  out += "\n";
  constexpr const char* kLine = "{:<36}{:>5}{:>10}{:>15}{:>9}{:>10}{:>10}{:>9}{:>9}  {}\n";
  out += fmt::format(kLine, "", "", "gradgrad", "rate", "of limit", "stock", "tuned", "x stock", "x tuned", "goal");
  for (const Row& row : r.rows) {
    const auto& [name, told, samples] = row;
    const Facts f = facts_of(r, name);
    const Work work = work_of(row, f);
    double ours = value(samples, Who::ours, f.unit), stock = value(samples, Who::stock, f.unit),
           tuned = value(samples, Who::tuned, f.unit), least = least_seconds(work, r.limits) * scale(f.unit);
    std::string goal;
    if (f.goal > 0) goal = fmt::format("<= {:g} {}", f.goal, name_of(f.unit));
    if (f.goal_ratio > 0) goal = fmt::format("<= {:.2f}x tuned", f.goal_ratio);
    out += fmt::format(kLine, name, name_of(f.unit), cell(ours), rate(told, ours / scale(f.unit)),
                       ours > 0 ? cell(100 * least / ours, " %") : "-", cell(stock), cell(tuned),
                       stock > 0 ? cell(ours / stock) : "-", tuned > 0 ? cell(ours / tuned) : "-", goal);
  }
  return out;
}

nlohmann::json to_json(const Report& r) {
  nlohmann::json rows = nlohmann::json::array();
  for (const Row& measured : r.rows) {
    const auto& [name, told, samples] = measured;
    const Facts f = facts_of(r, name);
    nlohmann::json row = {{"name", name}, {"unit", name_of(f.unit)}};
    double ours = value(samples, Who::ours, f.unit);
    for (Who who : kEverybody) {
      double v = value(samples, who, f.unit);
      if (v <= 0) continue;
      nlohmann::json all = nlohmann::json::array();
      for (double x : samples.at(who)) all.push_back(x * scale(f.unit));
      row[name_of(who)] = {{"median", v}, {"rounds", all}};
      if (who != Who::ours && ours > 0) row[std::string("ratio_to_") + name_of(who)] = ours / v;
    }
    double least = least_seconds(work_of(measured, f), r.limits) * scale(f.unit);
    if (told.bytes > 0) row["bytes"] = told.bytes;
    if (told.flops > 0) row["flops"] = told.flops;
    if (least > 0) {
      row["least"] = least;
      if (ours > 0) row["fraction_of_limit"] = least / ours;
    }
    if (f.goal > 0) row["goal"] = f.goal;
    if (f.goal_ratio > 0) row["goal_ratio_to_tuned"] = f.goal_ratio;
    rows.push_back(row);
  }
  return {{"versions", r.facts},
          {"threads", r.threads},
          {"clock", clock_name(r)},
          {"limits",
           {{"isa", r.limits.isa},
            {"fma_flops_per_second", r.limits.fma},
            {"copy_bytes_per_second", r.limits.copy},
            {"triad_bytes_per_second", r.limits.triad}}},
          {"rows", rows}};
}

}  // namespace gg::bench
