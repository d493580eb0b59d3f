// SPDX-License-Identifier: Apache-2.0
// What would happen, as people and programs read it.
#include "cli/what_if_text.h"

#include <algorithm>
#include <boost/json.hpp>
#include <map>

namespace upbeat::cli {
namespace {

namespace json = boost::json;
using std::chrono::milliseconds;

/// The order of the rows: what somebody has to see first.
int rank(Fate fate) {
  switch (fate) {
    case Fate::down:
      return 0;
    case Fate::stuck:
      return 1;
    case Fate::stopped:
      return 2;
    case Fate::restarted:
      return 3;
    case Fate::started:
      return 4;
    case Fate::moved:
      return 5;
  }
  return 6;
}

Colour colour_of(Fate fate) {
  switch (fate) {
    case Fate::down:
      return Colour::bad;
    case Fate::stuck:
    case Fate::stopped:
    case Fate::restarted:
      return Colour::busy;
    case Fate::started:
    case Fate::moved:
      return Colour::good;
  }
  return Colour::plain;
}

std::string place(const std::string& node) { return node.empty() ? "-" : node; }

std::string out_for(const GuestStory& guest) {
  switch (guest.fate) {
    case Fate::down:
      return "for good";
    case Fate::restarted:
    case Fate::moved:
      return duration_text(guest.away);
    default:
      return "-";
  }
}

std::vector<GuestStory> by_rank(const WhatIf& story) {
  auto guests = story.guests;
  std::ranges::stable_sort(guests, [](const GuestStory& a, const GuestStory& b) {
    if (a.fate != b.fate) return rank(a.fate) < rank(b.fate);
    return a.priority > b.priority;
  });
  return guests;
}

std::string table(const std::vector<GuestStory>& guests, Colours colours) {
  Table rows({{"VM"}, {"FROM"}, {"TO"}, {"HOW"}, {"OUT FOR", Align::right}});
  for (const auto& guest : guests) {
    rows.add({guest.vm.get(),
              place(guest.from),
              place(guest.to),
              {fate_word(guest.fate), colour_of(guest.fate)},
              out_for(guest)});
  }
  return rows.text(colours);
}

std::string line(const std::string& text, Colour colour, Colours colours) {
  return paint(text, colour, colours) + "\n";
}

std::string vms(std::size_t count) { return std::to_string(count) + (count == 1 ? " VM" : " VMs"); }

std::string reasons(const std::vector<GuestStory>& guests, Colours colours) {
  std::string text;
  std::size_t told = 0;
  std::size_t untold = 0;
  for (const auto& guest : guests) {
    if (guest.fate != Fate::down && guest.fate != Fate::stuck) continue;
    if (told++ >= reasons_limit) {
      ++untold;
    } else if (guest.fate == Fate::down) {
      text += line(guest.vm.get() + " would stay down: " + guest.why + ".", Colour::bad, colours);
    } else {
      text += line(guest.vm.get() + " would stay on " + guest.to + ": " + guest.why + ".",
                   Colour::busy, colours);
    }
  }
  if (untold > 0) text += "So would " + vms(untold) + " more (--json tells why).\n";
  return text;
}

std::string nodes_text(const WhatIf& story) {
  std::string text;
  for (const auto& node : story.nodes) {
    text += text.empty() ? "" : "; ";
    if (node.proved_off) {
      text += node.name + " is proved off after " + duration_text(*node.proved_off);
      if (node.after != "off") text += " and then is " + node.after;
    } else if (node.before == node.after) {
      text += node.name + " goes and comes back";
    } else {
      text += node.name + ": " + node.before + " -> " + node.after;
    }
  }
  return text.empty() ? text : "Nodes: " + text + ".\n";
}

std::string quorum_text(const WhatIf& story, Colours colours) {
  const auto share = std::to_string(story.nodes_on) + " of " + std::to_string(story.nodes_all);
  if (story.quorate) return "Quorum: kept, " + share + " nodes are on.\n";
  const auto when = story.quorum_lost ? " after " + duration_text(*story.quorum_lost) : "";
  return line("QUORUM IS LOST" + when + ": " + share +
                  " nodes are on. Nothing is started or moved until a majority of nodes is back.",
              Colour::bad, colours);
}

std::string sum_text(const WhatIf& story) {
  std::map<int, std::pair<std::string, std::size_t>> sums;
  for (const auto& guest : story.guests) {
    auto& [word, count] = sums[rank(guest.fate)];
    word = fate_word(guest.fate);
    ++count;
  }
  std::string text;
  for (const auto& [rank, sum] : sums) {
    text += (text.empty() ? "" : ", ") + std::to_string(sum.second) + " " + sum.first;
  }
  if (text.empty()) return "Nothing happens to any VM.\n";
  if (!story.still_under_way.empty()) {
    return "VMs: " + text + "; still under way after " + duration_text(story.length) + ": " +
           story.still_under_way + ".\n";
  }
  if (!story.quorate) return "VMs: " + text + ".\n";
  return "VMs: " + text + "; all is done after " + duration_text(story.length) + ".\n";
}

double seconds_of(milliseconds span) { return static_cast<double>(span.count()) / 1000; }

json::value seconds_or_null(const std::optional<milliseconds>& span) {
  return span ? json::value(seconds_of(*span)) : json::value(nullptr);
}

json::value text_or_null(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

json::object view(const GuestStory& guest) {
  return {{"name", guest.vm.get()},
          {"priority", guest.priority},
          {"how", fate_word(guest.fate)},
          {"from", text_or_null(guest.from)},
          {"to", text_or_null(guest.to)},
          {"away_s",
           guest.fate == Fate::down ? json::value(nullptr) : json::value(seconds_of(guest.away))},
          {"done_s", seconds_or_null(guest.done)},
          {"why", text_or_null(guest.why)},
          {"explanation", json::array(guest.explanation.begin(), guest.explanation.end())}};
}

json::object view(const NodeStory& node) {
  return {{"name", node.name},
          {"before", node.before},
          {"after", node.after},
          {"proved_off_s", seconds_or_null(node.proved_off)},
          {"proof", text_or_null(node.proof)}};
}

}  // namespace

std::vector<std::string> split_commands(const std::vector<std::string>& whats) {
  std::vector<std::string> commands;
  for (const auto& what : whats) {
    std::size_t begin = 0;
    while (begin <= what.size()) {
      const auto end = std::min(what.find(';', begin), what.size());
      const auto first = what.find_first_not_of(" \t", begin);
      const auto last = what.find_last_not_of(" \t", end == 0 ? 0 : end - 1);
      if (first < end && last != std::string::npos) {
        commands.push_back(what.substr(first, last + 1 - first));
      }
      begin = end + 1;
    }
  }
  return commands;
}

std::string what_if_text(const WhatIf& story, Colours colours) {
  const auto guests = by_rank(story);
  std::string text;
  if (!guests.empty()) text += table(guests, colours) + "\n";
  for (const auto& [what, why] : story.refused) {
    text +=
        line(what + " would be " + (why.starts_with("refused: ") ? "" : "refused: ") + why + ".",
             Colour::bad, colours);
  }
  if (!story.quorate) text += quorum_text(story, colours);
  if (story.quorate) text += reasons(guests, colours);
  text += sum_text(story) + nodes_text(story);
  if (story.quorate) text += quorum_text(story, colours);
  text += line("Assumed: " + assumptions(story.moves) + ". Nothing was changed.", Colour::faint,
               colours);
  return text;
}

json::object what_if_view(const WhatIf& story) {
  json::array guests;
  for (const auto& guest : story.guests) guests.push_back(view(guest));
  json::array nodes;
  for (const auto& node : story.nodes) nodes.push_back(view(node));
  json::array refused;
  for (const auto& [what, why] : story.refused) {
    refused.push_back(json::object{{"what", what}, {"why", why}});
  }
  json::array log;
  for (const auto& [at, subject, text] : story.log) {
    log.push_back(json::object{{"at_s", seconds_of(at)}, {"subject", subject}, {"text", text}});
  }
  return {{"commands", json::array(story.commands.begin(), story.commands.end())},
          {"vms", std::move(guests)},
          {"nodes", std::move(nodes)},
          {"refused", std::move(refused)},
          {"quorate", story.quorate},
          {"quorum_lost_s", seconds_or_null(story.quorum_lost)},
          {"nodes_on", story.nodes_on},
          {"nodes_all", story.nodes_all},
          {"length_s", seconds_of(story.length)},
          {"still_under_way", text_or_null(story.still_under_way)},
          {"assumed", assumptions(story.moves)},
          {"log", std::move(log)}};
}

}  // namespace upbeat::cli
