#include "bench/page.h"

#include <fmt/format.h>

#include <algorithm>

#include "bench/verdicts.h"

namespace gg::bench {
namespace {

using nlohmann::json;

std::string cell(double v, const char* suffix = "") {
  if (v <= 0) return "-";
  const int digits = v >= 100 ? 0 : v >= 10 ? 1 : v >= 0.095 ? 2 : 3;
  return fmt::format("{:.{}f}{}", v, digits, suffix);
}

double number(const json& row, const char* key) { return row.value(key, 0.0); }

double median(const json& row, const char* who) { return row.contains(who) ? number(row[who], "median") : 0; }

// Of peaks in memory.
double peak(const json& row, const char* who) { return row.contains(who) ? number(row[who], "peak_mib") : 0; }

// Of rows that are made of one kind of work.
std::string rate(const json& row) {
  const double ours = median(row, "gradgrad"), bytes = number(row, "bytes"), flops = number(row, "flops");
  if (ours <= 0 || (bytes > 0) == (flops > 0)) return "-";
  const double per_second = (bytes + flops) / ours * (row["unit"] == "ms" ? 1e-6 : row["unit"] == "us" ? 1e-3 : 1);
  return fmt::format("{:.{}f} {}", per_second, per_second < 100 ? 1 : 0, bytes > 0 ? "GB/s" : "GFLOP/s");
}

std::string goals_of(const json& row) {
  std::string out;
  for (const Verdict& v : verdicts_of(row)) out += (out.empty() ? "" : ", ") + v.text();
  return out;
}

// " ±7 %": half of the distance between the slowest and the fastest round, where that is much.
std::string spread(const json& row, const char* who) {
  if (!who || !row.contains(who)) return "";
  const auto rounds = row[who]["rounds"].get<std::vector<double>>();
  const auto [least, most] = std::minmax_element(rounds.begin(), rounds.end());
  const double half = 0.5 * (*most - *least) / median(row, who);
  return half > 0.05 ? fmt::format(" ±{:.0f} %", 100 * half) : "";
}

struct Column {
  const char* title;
  int width;
  std::string (*cell)(const json& row);
  const char* who = nullptr;  ///< of medians: whose, and where the page has room, with their spread
};

const std::vector<Column>& columns() {
  static const std::vector<Column> all = {
      {"", 4, [](const json& r) { return r["unit"].get<std::string>(); }},
      {"gradgrad", 10, [](const json& r) { return cell(median(r, "gradgrad")); }, "gradgrad"},
      {"rate", 15, rate},
      {"of limit", 10, [](const json& r) { return cell(100 * number(r, "fraction_of_limit"), " %"); }},
      {"stock", 8, [](const json& r) { return cell(median(r, "stock")); }, "stock"},
      {"tuned", 8, [](const json& r) { return cell(median(r, "tuned")); }, "tuned"},
      {"PyTorch", 9, [](const json& r) { return cell(median(r, "pytorch")); }, "pytorch"},
      {"x stock", 9, [](const json& r) { return cell(number(r, "ratio_to_stock")); }},
      {"x tuned", 9, [](const json& r) { return cell(number(r, "ratio_to_tuned")); }},
      {"x PyTorch", 11, [](const json& r) { return cell(number(r, "ratio_to_pytorch")); }},
      {"peak MiB", 10, [](const json& r) { return cell(peak(r, "gradgrad")); }},
      {"peak x tuned", 14, [](const json& r) { return cell(ratio_of_peaks(r)); }},
  };
  return all;
}

// Columns that say something in at least one row.
std::vector<Column> columns_for(const json& rows) {
  std::vector<Column> used;
  for (const Column& c : columns()) {
    bool any = false;
    for (const json& row : rows) any |= c.cell(row) != "-";
    if (any) used.push_back(c);
  }
  return used;
}

std::string limits_line(const json& run) {
  const json& limits = run["limits"];
  auto giga = [&](const char* key) { return 1e-9 * number(limits, key); };
  if (run["device"] != "cpu") return fmt::format("{:.0f} GB/s copy on the device", giga("copy_bytes_per_second"));
  return fmt::format("{:.0f} GFLOP/s FMA ({}), {:.1f} GB/s copy, {:.1f} GB/s triad, {:.1f} GB/s in place",
                     giga("fma_flops_per_second"), limits["isa"].get<std::string>(), giga("copy_bytes_per_second"),
                     giga("triad_bytes_per_second"), giga("update_bytes_per_second"));
}

std::string threads_line(const json& run) {
  return fmt::format("{} (times are {})", run["threads"].get<int>(), run["clock"].get<std::string>());
}

void add_markdown_table(std::string& out, const json& rows) {
  const std::vector<Column> used = columns_for(rows);
  out += "| |";
  for (const Column& c : used) out += fmt::format(" {} |", c.title);
  out += " goals |\n|---|";
  for (size_t i = 0; i < used.size(); ++i) out += "---:|";
  out += "---|\n";
  for (const json& row : rows) {
    out += fmt::format("| {} |", row["name"].get<std::string>());
    for (const Column& c : used) out += fmt::format(" {}{} |", c.cell(row), spread(row, c.who));
    out += fmt::format(" {} |\n", goals_of(row));
  }
}

// The rows of "families" have limits of their own and no goals: a table apart.
bool is_family(const json& row) { return row["task"] == "families"; }

json rows_where(const json& run, bool family) {
  json out = json::array();
  for (const json& row : run["rows"]) {
    if (is_family(row) == family) out.push_back(row);
  }
  return out;
}

bool any_has(const json& rows, const char* key) {
  return std::any_of(rows.begin(), rows.end(), [&](const json& row) { return row.contains(key); });
}

void add_list(std::string& out, const char* title, const std::vector<std::string>& lines) {
  out += fmt::format("\n### {}\n\n", title);
  if (lines.empty()) out += "None.\n";
  for (const std::string& line : lines) out += "- " + line + "\n";
}

constexpr const char* kIntroduction =
    R"(<!-- Made by `./run bench --page` from the files in bench/results; do not edit. -->
# Performance

Medians over processes (rounds) of medians over steps; ± is half the distance between the slowest and the fastest of the
processes, where that is more than 5 %. *stock* is Debian's libtorch as installed, *tuned* the same with a memory
allocator that keeps its pages and one OpenMP pool for everything; *PyTorch* is the current release from PyPI. Stock and
PyTorch run with the system's settings of malloc, under which each new array of more than 32 MiB is fetched from the
system again, as large operations show. All of a row were measured in the same minutes, in turns. *process with a first
backward* is wall time from the start of a process to its end, after one start that does not count.

*of limit* is the least time that the row's work takes at what the machine could do in those minutes, divided by ours.
Work is the FLOPs of matrix products, convolutions and linear algebra, a multiply-add being two, and the bytes that the
optimiser must move (of large operations: each input read once, each output written once); nothing else is counted.
FLOPs run at the speed of independent multiply-adds in registers, bytes (AdamW's, too) at the highest of the speeds of
copy, triad and update in place. A shared machine changes its speed, so limits are measured again after each of our
processes. The best that was seen stands above each table; the results have, beside each row, those that its percentage
is made of. Three things can lift one above 100 %: others on the same host who slowed down the measurement of the limit
more than that of the row; the padding of convolutions, whose products with zeros count as FLOPs though they need not be
computed; and caches that hold the arrays of a row, while those of the limits are larger.

*peak* is the most memory that the process had. Ratios (x) are our number divided by theirs: below 1 we are better.
Goals are for our own number, for its ratio to *tuned* (x), for *of limit* (%), or for the ratio of peaks (memory). They
were set for one thread; runs with more are held to them, too. ✓: met, ✗: not met, and what was reached instead.

The rows do the same work with what each library offers: for exact VAT we take one Jacobian-vector product each way, the
others a gradient of a gradient; for the Laplacian libtorch takes 784 of them in a loop, PyTorch and we all directions
at once; for cdist PyTorch takes a matrix product, while we form the differences, which keeps the digits of close points.
Large operations are compared with PyTorch only.
)";

}  // namespace

std::string to_table(const json& run) {
  std::string out;
  auto fact = [&](const std::string& key, const std::string& value) { out += fmt::format("{:<28} {}\n", key, value); };
  for (const auto& [key, value] : run["versions"].items()) fact(key, value.get<std::string>());
  fact("threads", threads_line(run));
  fact("limits of the machine", limits_line(run));
  const std::vector<Column> used = columns_for(run["rows"]);
  out += fmt::format("\n{:<36}", "");
  for (const Column& c : used) out += fmt::format("{:>{}}", c.title, c.width);
  out += "  goals\n";
  for (const json& row : run["rows"]) {
    out += fmt::format("{:<36}", row["name"].get<std::string>());
    for (const Column& c : used) out += fmt::format("{:>{}}", c.cell(row), c.width);
    const std::string goals = goals_of(row);
    out += goals.empty() ? "\n" : "  " + goals + "\n";
  }
  return out;
}

std::string to_page(const std::vector<json>& runs) {
  std::string out = kIntroduction;
  for (const json& run : runs) {
    out += fmt::format("\n## {} thread{}\n\n", run["threads"].get<int>(), run["threads"] == 1 ? "" : "s");
    for (const auto& [key, value] : run["versions"].items()) {
      out += fmt::format("- {}: {}\n", key, value.get<std::string>());
    }
    out +=
        fmt::format("- times: {}\n- limits of the machine: {}\n\n", run["clock"].get<std::string>(), limits_line(run));
    add_markdown_table(out, rows_where(run, false));
    if (const json families = rows_where(run, true); !families.empty()) {
      out += "\n### Large operations of each family\n\n";
      add_markdown_table(out, families);
    }
    if (any_has(run["rows"], "goals")) add_list(out, "Goals not met", goals_not_met(run));
    if (any_has(run["rows"], "pytorch")) add_list(out, "Slower than PyTorch", slower_than_pytorch(run));
  }
  return out;
}

}  // namespace gg::bench
