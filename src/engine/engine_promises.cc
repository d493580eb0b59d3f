// SPDX-License-Identifier: Apache-2.0
// For tests: what must hold of everything that the daemons of one cluster heard.
#include <algorithm>
#include <map>
#include <set>

#include "engine/engine_contract.h"

namespace upbeat {
namespace {

using Messages = std::vector<std::pair<NodeId, std::string>>;

/// What was heard in one view, and the view after it.
struct Stay {
  EngineView view;
  Messages messages;
  const EngineView* next = nullptr;
};

std::string name(const Life& life, const EngineView& view) {
  return "node " + std::to_string(life.node.get()) + ", ring " +
         std::to_string(view.ring.sequence) + "." + std::to_string(view.ring.leader.get()) + ": ";
}

std::vector<Stay> stays_of(const Life& life) {
  std::vector<Stay> stays;
  const EngineView* after_loss = nullptr;
  for (const Heard& heard : life.heard) {
    if (heard.what == Heard::What::view) {
      if (!stays.empty() && after_loss == nullptr) stays.back().next = &heard.view;
      after_loss = nullptr;
      stays.push_back({heard.view, {}, nullptr});
    } else if (heard.what == Heard::What::message && !stays.empty()) {
      stays.back().messages.emplace_back(heard.from, heard.text);
    } else if (!stays.empty()) {
      after_loss = &stays.back().view;
    }
  }
  return stays;
}

void check_shape(const Life& life, std::vector<std::string>& broken) {
  bool has_view = false;
  RingId last;
  for (const Heard& heard : life.heard) {
    if (heard.what == Heard::What::message && !has_view) {
      broken.push_back("node " + std::to_string(life.node.get()) + ": a message without a view");
    }
    if (heard.what == Heard::What::lost) has_view = false;
    if (heard.what != Heard::What::view) continue;
    has_view = true;
    const EngineView& view = heard.view;
    const auto at_self = [&](const Member& member) { return member.node == life.node; };
    const auto there = [&](const Member& member) {
      return std::ranges::find(view.nodes, member.node) != view.nodes.end();
    };
    if (!std::ranges::is_sorted(view.nodes) || !std::ranges::is_sorted(view.members)) {
      broken.push_back(name(life, view) + "the view is not sorted");
    }
    if (std::ranges::none_of(view.members, at_self)) {
      broken.push_back(name(life, view) + "a view without its own node");
    }
    if (!std::ranges::all_of(view.members, there)) {
      broken.push_back(name(life, view) + "a member on a node that is not there");
    }
    if (view.ring.sequence < last.sequence) {
      broken.push_back(name(life, view) + "the ring's number went back");
    }
    last = view.ring;
  }
}

bool same_order_of_common(const Messages& a, const Messages& b) {
  const std::set<Messages::value_type> in_a(a.begin(), a.end());
  const std::set<Messages::value_type> in_b(b.begin(), b.end());
  Messages common_a;
  Messages common_b;
  std::ranges::copy_if(a, std::back_inserter(common_a), [&](auto& m) { return in_b.contains(m); });
  std::ranges::copy_if(b, std::back_inserter(common_b), [&](auto& m) { return in_a.contains(m); });
  return common_a == common_b;
}

/// Only members that both views name have gone together.
bool went_together(const Life& a, const Life& b, const EngineView& from, const EngineView& to) {
  return std::ranges::all_of(std::vector{a.node, b.node}, [&](NodeId node) {
    const auto at_node = [&](const Member& member) { return member.node == node; };
    const auto before = std::ranges::find_if(from.members, at_node);
    const auto after = std::ranges::find_if(to.members, at_node);
    return before != from.members.end() && after != to.members.end() && *before == *after;
  });
}

/// `a` went from one view to the next without a view in between that `b` had.
void check_nothing_in_between(const Life& a, const Life& b, std::vector<std::string>& broken) {
  const std::vector<Stay> others = stays_of(b);
  for (const Stay& mine : stays_of(a)) {
    if (mine.next == nullptr || !went_together(a, b, mine.view, *mine.next)) continue;
    const auto from = std::ranges::find(others, mine.view, &Stay::view);
    const auto to =
        std::find_if(from, others.end(), [&](const Stay& stay) { return stay.view == *mine.next; });
    const bool the_same_way = std::ranges::any_of(others, [&](const Stay& stay) {
      return stay.view == mine.view && stay.next != nullptr && *stay.next == *mine.next;
    });
    if (to != others.end() && !the_same_way) {
      broken.push_back(name(a, mine.view) + "the next common view with node " +
                       std::to_string(b.node.get()) + " is not next for both");
    }
  }
}

void compare(const Life& a, const Life& b, std::vector<std::string>& broken) {
  check_nothing_in_between(a, b, broken);
  check_nothing_in_between(b, a, broken);
  for (const Stay& mine : stays_of(a)) {
    for (const Stay& theirs : stays_of(b)) {
      if (mine.view != theirs.view) continue;
      const std::string both =
          "nodes " + std::to_string(a.node.get()) + " and " + name(b, mine.view);
      if (!same_order_of_common(mine.messages, theirs.messages)) {
        broken.push_back(both + "messages in another order");
      }
      if (mine.next == nullptr || theirs.next == nullptr || *mine.next != *theirs.next) continue;
      if (went_together(a, b, mine.view, *mine.next) && mine.messages != theirs.messages) {
        broken.push_back(both + std::to_string(mine.messages.size()) + " and " +
                         std::to_string(theirs.messages.size()) +
                         " messages, not the same, before the next common view");
      }
    }
  }
}

}  // namespace

std::vector<std::string> broken_promises(const std::vector<std::unique_ptr<Life>>& lives) {
  std::vector<std::string> broken;
  for (const auto& life : lives) check_shape(*life, broken);
  for (std::size_t i = 0; i < lives.size(); ++i) {
    for (std::size_t j = i + 1; j < lives.size(); ++j) compare(*lives[i], *lives[j], broken);
  }
  return broken;
}

}  // namespace upbeat
