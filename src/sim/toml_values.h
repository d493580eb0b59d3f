// SPDX-License-Identifier: Apache-2.0
// Values out of a TOML file, each checked; a complaint names the file, the line, and what to write.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/toml.h"

namespace upbeat {

/// What is wrong with a file; thrown no further than the function that reads the file.
struct WrongToml {
  std::string text;
};

/// Reads values of one file's tables. Every method throws WrongToml where the file is wrong.
class TomlValues {
 public:
  /// `what` and `path` begin every complaint: "cannot use the scenario a.toml, line 3: …".
  TomlValues(std::string what, std::string path) : what_(std::move(what)), path_(std::move(path)) {}

  [[noreturn]] void wrong(const toml::source_region& where, const std::string& text) const;
  /// Where the value stands; the table, if it has none.
  [[nodiscard]] static toml::source_region place(const toml::table& table, const char* key);

  void known(const toml::table& table, const std::set<std::string>& keys) const;
  /// 1 to 64 letters, digits, '-', '_' and '.'.
  [[nodiscard]] std::string name(const toml::table& table) const;
  [[nodiscard]] std::string text(const toml::table& table, const char* key,
                                 const std::string& otherwise) const;
  [[nodiscard]] std::vector<std::string> texts(const toml::table& table, const char* key) const;
  [[nodiscard]] bool truth(const toml::table& table, const char* key, bool otherwise) const;
  [[nodiscard]] std::int64_t number(const toml::table& table, const char* key,
                                    std::int64_t otherwise, std::int64_t least,
                                    std::int64_t most) const;
  /// A number of seconds, with a fraction if need be.
  [[nodiscard]] std::chrono::milliseconds span(const toml::table& table, const char* key,
                                               std::chrono::milliseconds otherwise,
                                               std::chrono::milliseconds most) const;
  /// One of the words.
  template <class T>
  [[nodiscard]] T choice(const toml::table& table, const char* key, T otherwise,
                         const std::map<std::string, T>& words) const {
    const auto* node = table.get(key);
    if (node == nullptr) return otherwise;
    const auto word = node->value_exact<std::string>();
    const auto found = words.find(word.value_or(""));
    if (found != words.end()) return found->second;
    std::string list;
    for (const auto& [one, value] : words) list += (list.empty() ? "\"" : ", \"") + one + "\"";
    wrong(node->source(), std::string(key) + " is one of " + list);
  }
  /// The table of that name; nullptr if there is none.
  [[nodiscard]] const toml::table* table_of(const toml::table& root, const char* key) const;
  /// The tables of `[[key]]`.
  [[nodiscard]] std::vector<const toml::table*> tables_of(const toml::table& root,
                                                          const char* key) const;

 private:
  std::string what_;
  std::string path_;
};

}  // namespace upbeat
