#include "bench/page.h"

#include <fmt/format.h>

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
  if (!row.contains("goals")) return "";
  const json& goals = row["goals"];
  std::string out;
  auto add = [&](const std::string& goal) { out += (out.empty() ? "" : ", ") + goal; };
  if (double v = number(goals, "value"); v > 0) add(fmt::format("<= {:g} {}", v, row["unit"].get<std::string>()));
  if (double v = number(goals, "of_tuned"); v > 0) add(fmt::format("<= {:g}x", v));
  if (double v = number(goals, "of_limit"); v > 0) add(fmt::format(">= {:.0f} %", 100 * v));
  if (double v = number(goals, "peak_of_tuned"); v > 0) add(fmt::format("memory <= {:g}x", v));
  return out;
}

struct Column {
  const char* title;
  int width;
  std::string (*cell)(const json& row);
};

double ratio_of_peaks(const json& row) {
  const double theirs = peak(row, "tuned");
  return theirs > 0 ? peak(row, "gradgrad") / theirs : 0;
}

const std::vector<Column>& columns() {
  static const std::vector<Column> all = {
      {"", 4, [](const json& r) { return r["unit"].get<std::string>(); }},
      {"gradgrad", 10, [](const json& r) { return cell(median(r, "gradgrad")); }},
      {"rate", 15, rate},
      {"of limit", 10, [](const json& r) { return cell(100 * number(r, "fraction_of_limit"), " %"); }},
      {"stock", 8, [](const json& r) { return cell(median(r, "stock")); }},
      {"tuned", 8, [](const json& r) { return cell(median(r, "tuned")); }},
      {"PyTorch", 9, [](const json& r) { return cell(median(r, "pytorch")); }},
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
    for (const Column& c : used) out += fmt::format(" {} |", c.cell(row));
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
  std::string out =
      "<!-- Made by `./run bench --page` from the files in bench/results; do not edit. -->\n"
      "# Performance\n\n"
      "Medians over processes of medians over steps. *stock* is Debian's libtorch as installed, *tuned* the same with "
      "a\n"
      "memory allocator that keeps its pages and one OpenMP pool for everything; *PyTorch* is the current release "
      "from\n"
      "PyPI. All of a row were measured in the same minutes, in turns. *of limit*: the least time that the row's\n"
      "products and the optimiser's bytes take at what the machine could do in those minutes (a shared one changes "
      "its\n"
      "speed; the best that was seen stands above each table), divided by ours. *peak* is the most memory that the\n"
      "process had. Ratios (x) are our number divided by theirs: below 1 we are better. "
      "Goals\n"
      "are for one thread, against *tuned*. The rows do the same work with what each library offers: for exact VAT we\n"
      "take one Jacobian-vector product each way, the others a gradient of a gradient; for the Laplacian libtorch "
      "takes\n"
      "784 of them in a loop, PyTorch and we all directions at once.\n";
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
  }
  return out;
}

}  // namespace gg::bench
