// SPDX-License-Identifier: Apache-2.0
// The words of one command, and what reads them.
#pragma once

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <limits>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "base/printable.h"
#include "sim/command.h"
#include "sim/scenario.h"

namespace upbeat {

/// A command's words, taken one after another; the first error stays.
class Words {
 public:
  Words(const std::string& text, const Scenario& scenario) : scenario_(scenario) {
    std::istringstream stream(text);
    for (std::string word; stream >> word;) words_.push_back(word);
  }

  std::string next(const char* what) {
    if (at_ < words_.size()) return words_[at_++];
    wrong(std::string(what) + " is missing");
    return {};
  }
  [[nodiscard]] bool more() const { return at_ < words_.size(); }
  bool skip(const char* word) {
    if (!more() || words_[at_] != word) return false;
    ++at_;
    return true;
  }
  [[nodiscard]] bool is_node(const std::string& name) const {
    return std::ranges::find(scenario_.nodes, name, &ScenarioNode::name) != scenario_.nodes.end();
  }
  [[nodiscard]] bool is_vm(const std::string& name) const {
    return std::ranges::find(scenario_.vms, name, &ScenarioVm::name) != scenario_.vms.end();
  }
  std::string node() {
    auto name = next("a node's name");
    if (!name.empty() && !is_node(name)) wrong("there is no node " + quoted(name));
    return name;
  }
  std::string vm() {
    auto name = next("a VM's name");
    if (!name.empty() && !is_vm(name)) wrong("there is no VM " + quoted(name));
    return name;
  }
  /// One of `choices`; which one.
  template <class T>
  T choice(const std::map<std::string, T>& choices) {
    const auto word = next("the last word");
    const auto found = choices.find(word);
    if (found != choices.end()) return found->second;
    std::string list;
    for (const auto& [name, value] : choices) list += (list.empty() ? "" : ", ") + name;
    if (!word.empty()) wrong(quoted(word) + " is none of " + list);
    return T{};
  }
  /// Seconds, with a fraction if need be.
  std::chrono::milliseconds seconds() {
    const auto word = next("a number of seconds");
    double value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    const bool sane = error == std::errc() && end == word.data() + word.size() &&
                      value >= -86'400 && value <= 86'400;
    if (!word.empty() && !sane) wrong(quoted(word) + " is no number of seconds");
    return sane ? std::chrono::milliseconds(
                      static_cast<std::int64_t>(value * 1000.0 + (value < 0 ? -0.5 : 0.5)))
                : std::chrono::milliseconds(0);
  }
  /// A whole number, at most `most`.
  std::uint32_t count(std::uint32_t most = std::numeric_limits<std::uint32_t>::max()) {
    const auto word = next("a number");
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (!word.empty() && (error != std::errc() || end != word.data() + word.size())) {
      wrong(quoted(word) + " is no whole number");
    } else if (value > most) {
      wrong(quoted(word) + " is more than " + std::to_string(most));
    }
    return value;
  }
  [[nodiscard]] static std::string quoted(const std::string& word) {
    return "'" + printable(word, quote_limit_bytes) + "'";
  }
  void wrong(const std::string& what) {
    if (error_.empty()) error_ = what;
  }
  [[nodiscard]] std::string error() const {
    if (!error_.empty()) return error_;
    return more() ? quoted(words_[at_]) + " is one word too many" : "";
  }

 private:
  const Scenario& scenario_;
  std::vector<std::string> words_;
  std::size_t at_ = 0;
  std::string error_;
};

// Those of sim/command.cc's commands that ask the cluster, as an operator does, or concern a guest.
[[nodiscard]] Deed read_drain(Words& words);
[[nodiscard]] Deed read_undrain(Words& words);
[[nodiscard]] Deed read_drill(Words& words);
[[nodiscard]] Deed read_watchdog_drill(Words& words);
[[nodiscard]] Deed read_maintenance(Words& words);
[[nodiscard]] Deed read_confirm_off(Words& words);
[[nodiscard]] Deed read_rule_command(Words& words);
[[nodiscard]] Deed read_policy_command(Words& words);
[[nodiscard]] Deed read_vm_command(Words& words);

}  // namespace upbeat
