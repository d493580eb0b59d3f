// SPDX-License-Identifier: Apache-2.0
// One table of the configuration file: reads its keys and complains about what is left over.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/printable.h"
#include "base/result.h"
#include "base/toml.h"

namespace upbeat {

inline std::string quote(std::string_view text) { return printable(text, quote_limit_bytes); }

/// One table of the file while it is read: remembers which keys were asked for, and its first
/// complaint.
class Section {
 public:
  Section(const toml::table& table, std::string name, std::string path)
      : table_(table), name_(std::move(name)), path_(std::move(path)) {}

  template <class T>
  void read(const char* key, T& value) {
    known_.insert(key);
    const auto* node = table_.get(key);
    if (node == nullptr) return;
    if constexpr (std::is_same_v<T, std::string>) {
      if (const auto text = node->value_exact<std::string>()) {
        value = *text;
      } else {
        complain(*node, key, "expects text in quotes");
      }
    } else {
      read_number(*node, key, value);
    }
  }
  void read_strings(const char* key, std::map<std::string, std::string>& values) {
    known_.insert(key);
    const auto* node = table_.get(key);
    if (node == nullptr) return;
    if (!node->is_table()) return complain(*node, key, "expects { name = \"text\", … }");
    for (const auto& [name, value] : *node->as_table()) {
      if (const auto text = value.value_exact<std::string>()) {
        values.emplace(name.str(), *text);
      } else if (const auto number = value.value_exact<std::int64_t>()) {
        values.emplace(name.str(), std::to_string(*number));
      } else if (const auto yes = value.value_exact<bool>()) {
        values.emplace(name.str(), *yes ? "1" : "0");
      } else {
        complain(value, std::string(key) + "." + std::string(name.str()), "expects text");
      }
    }
  }
  /// { name = "text" } or { name = ["text", …] }.
  void read_lists(const char* key, std::map<std::string, std::vector<std::string>>& values) {
    known_.insert(key);
    const auto* node = table_.get(key);
    if (node == nullptr) return;
    constexpr const char* expected = "expects { name = \"text\", other = [\"text\", …] }";
    if (!node->is_table()) return complain(*node, key, expected);
    for (const auto& [name, value] : *node->as_table()) {
      auto& list = values[std::string(name.str())];
      if (const auto* array = value.as_array()) {
        for (const auto& one : *array) add_text(one, key, expected, list);
      } else {
        add_text(value, key, expected, list);
      }
    }
  }
  /// A list of texts; at most `most` of them.
  void read_list(const char* key, std::vector<std::string>& values, std::size_t most) {
    known_.insert(key);
    const auto* node = table_.get(key);
    if (node == nullptr) return;
    const auto expects = "expects at most " + std::to_string(most) + " texts: [\"…\", \"…\"]";
    const auto* list = node->as_array();
    if (list == nullptr || list->size() > most) return complain(*node, key, expects);
    values.clear();
    for (const auto& one : *list) {
      const auto text = one.value_exact<std::string>();
      if (!text) return complain(one, key, expects);
      values.push_back(*text);
    }
  }
  /// The number of a key that was read has to lie between `least` and `most`.
  template <class T>
  void limit(const char* key, T value, std::int64_t least, std::int64_t most) {
    std::int64_t number = 0;
    if constexpr (requires { value.count(); }) {
      number = value.count();
    } else {
      number = static_cast<std::int64_t>(value);
    }
    const auto* node = table_.get(key);
    if (node == nullptr || (number >= least && number <= most)) return;
    complain(
        *node, key,
        "expects a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  }
  /// Something else is wrong with the value of a key that was read.
  void refuse(const char* key, const std::string& what) {
    if (const auto* node = table_.get(key); node != nullptr) complain(*node, key, what);
  }
  void subtables(const std::string& key) { known_.insert(key); }
  /// The first complaint, or one about a key that nobody asked for.
  Result<void> finish() {
    for (const auto& [key, node] : table_) {
      if (!known_.contains(std::string(key.str()))) {
        complain(node, std::string(key.str()), "is not a key that upbeatd knows; " + choices());
      }
    }
    return complaint_.empty() ? Result<void>{} : fail(complaint_);
  }

 private:
  void add_text(const toml::node& node, const char* key, const char* expected,
                std::vector<std::string>& list) {
    if (const auto text = node.value_exact<std::string>()) {
      list.push_back(*text);
    } else if (const auto number = node.value_exact<std::int64_t>()) {
      list.push_back(std::to_string(*number));
    } else {
      complain(node, key, expected);
    }
  }
  template <class Number>
  void read_number(const toml::node& node, const char* key, Number& value) {
    const auto number = node.value_exact<std::int64_t>();
    if (!number || *number < 0 || *number > number_limit) {
      return complain(node, key,
                      "expects a whole number from 0 to " + std::to_string(number_limit));
    }
    if constexpr (requires { value.count(); }) {
      value = Number(*number);
    } else {
      value = static_cast<Number>(*number);
    }
  }
  void complain(const toml::node& node, const std::string& key, const std::string& what) {
    if (!complaint_.empty()) return;
    complaint_ = "cannot use " + path_ + ": line " + std::to_string(node.source().begin.line) +
                 ": " + (name_.empty() ? "" : "[" + quote(name_) + "] ") + quote(key) + " " + what;
  }
  [[nodiscard]] std::string choices() const {
    std::string text = "it knows";
    for (const auto& key : known_) text += " " + key;
    return text + " here";
  }

  static constexpr std::int64_t number_limit = 1'000'000'000;
  const toml::table& table_;
  std::string name_;
  std::string path_;
  std::set<std::string> known_;
  std::string complaint_;
};

}  // namespace upbeat
