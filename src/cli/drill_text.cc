// SPDX-License-Identifier: Apache-2.0
// A drill as people read it.
#include "cli/drill_text.h"

#include <algorithm>
#include <boost/json.hpp>
#include <map>
#include <set>

#include "cli/fields.h"

namespace upbeat::cli {
namespace {

namespace json = boost::json;
using std::chrono::milliseconds;

/// "2 of 2", or nothing where there is none.
Table::Cell good_of(std::size_t good, std::size_t all) {
  if (all == 0) return {"none", Colour::bad};
  return {std::to_string(good) + " of " + std::to_string(all),
          good == all ? Colour::good : Colour::bad};
}

bool is_up(const json::value& node) {
  const std::string standing = text_in(node, "standing");
  static const std::set<std::string> down{"lost", "left", "off", "unseen"};
  return !down.contains(standing);
}

/// Of a node that is up, a device that says "off" is as bad as one that says nothing.
Table::Cell fencing_cell(const json::value& node) {
  const auto& devices = list_in(node, "fencing");
  const auto good = std::ranges::count_if(devices, [&](const json::value& device) {
    const std::string outlet = text_in(device, "outlet");
    return outlet == "on" || (outlet == "off" && !is_up(node));
  });
  if (devices.empty() && number_in(node, "watchdog_ms") > 0) return {"none", Colour::plain};
  return good_of(static_cast<std::size_t>(good), devices.size());
}

Table::Cell ways_cell(const json::value& node) {
  const auto& ways = list_in(node, "ways");
  if (ways.empty()) return {"-", Colour::faint};
  const auto good = std::ranges::count_if(
      ways, [](const json::value& way) { return part_of(way, "trouble") == nullptr; });
  return good_of(static_cast<std::size_t>(good), ways.size());
}

Table::Cell watchdog_cell(const json::value& node) {
  const std::int64_t promised = number_in(node, "watchdog_ms");
  if (promised <= 0) return {"none", Colour::faint};
  return duration_text(milliseconds(promised));
}

Table::Cell empties_cell(const json::value& node) {
  if (!is_up(node)) return {"-", Colour::faint};
  if (!list_in(node, "would_stay").empty()) return {"no", Colour::bad};
  return duration_text(milliseconds(std::max<std::int64_t>(number_in(node, "empties_in_ms"), 0)));
}

Table::Cell loss_cell(const json::value& node) {
  if (!is_up(node)) return {"-", Colour::faint};
  const auto down = list_in(node, "would_be_down").size();
  if (down == 0) return {"all boot", Colour::good};
  return {std::to_string(down) + " stay down", Colour::bad};
}

std::string nodes_table(const json::value& drill, Colours colours) {
  Table rows({{"NODE"},
              {"STATE"},
              {"TESTED"},
              {"FENCED BY", Align::right},
              {"WATCHDOG", Align::right},
              {"REACHED BY", Align::right},
              {"EMPTIES IN", Align::right},
              {"IF IT DIES", Align::right}});
  for (const json::value& node : list_in(drill, "nodes")) {
    const std::string standing = text_in(node, "standing");
    const bool answered = text_in(node, "answer") == "answered";
    rows.add({text_in(node, "name"),
              {standing, colour_of_word(standing)},
              {answered ? "yes" : "no", answered ? Colour::good : Colour::bad},
              fencing_cell(node),
              watchdog_cell(node),
              ways_cell(node),
              empties_cell(node),
              loss_cell(node)});
  }
  return rows.text(colours);
}

}  // namespace

std::string drill_text(const json::value& drill, Colours colours) {
  std::string text = nodes_table(drill, colours) + "\n";
  const auto& flaws = list_in(drill, "findings");
  if (flaws.empty())
    return text + paint("Nothing would fail on the day.", Colour::good, colours) + "\n";
  text += paint("What would fail on the day, worst first:", Colour::heading, colours) + "\n";
  for (std::size_t at = 0; at < flaws.size(); ++at) {
    const bool worst = text_in(flaws[at], "flaw") == "proved-off-alive";
    const std::string what = (worst ? "DANGER: " : "") + text_in(flaws[at], "text");
    text += "  " + std::to_string(at + 1) + ". " +
            paint(what, worst ? Colour::bad : Colour::plain, colours) + "\n";
  }
  return text;
}

std::vector<std::string> drill_progress(const json::value& drill) {
  std::vector<std::string> lines;
  bool asked = false;  // they are asked in this order, one at a time
  for (const json::value& node : list_in(drill, "nodes")) {
    const std::string answer = text_in(node, "answer");
    std::string how = answer;
    if (answer == "waiting") how = std::exchange(asked, true) ? "is to be asked" : "is asked";
    lines.push_back("  " + text_in(node, "name") + " " + how);
  }
  return lines;
}

}  // namespace upbeat::cli
