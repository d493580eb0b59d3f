// SPDX-License-Identifier: Apache-2.0
// Values out of a TOML file, each checked.
#include "sim/toml_values.h"

#include <algorithm>
#include <cmath>

#include "base/printable.h"

namespace upbeat {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t name_limit_chars = 64;

bool is_letter(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
         (letter >= '0' && letter <= '9') || letter == '-' || letter == '_' || letter == '.';
}

}  // namespace

void TomlValues::wrong(const toml::source_region& where, const std::string& text) const {
  const auto line = where.begin.line;
  throw WrongToml{"cannot use " + what_ + " " + path_ +
                  (line == 0 ? "" : ", line " + std::to_string(line)) + ": " + text};
}

toml::source_region TomlValues::place(const toml::table& table, const char* key) {
  const auto* node = table.get(key);
  return node == nullptr ? table.source() : node->source();
}

void TomlValues::known(const toml::table& table, const std::set<std::string>& keys) const {
  for (const auto& [key, value] : table) {
    if (keys.contains(std::string(key.str()))) continue;
    std::string list;
    for (const auto& one : keys) list += (list.empty() ? "" : ", ") + one;
    wrong(key.source(),
          "'" + printable(key.str(), quote_limit_bytes) + "' is no key here; there are " + list);
  }
}

std::string TomlValues::name(const toml::table& table) const {
  const auto value = text(table, "name", "");
  if (value.empty() || value.size() > name_limit_chars || !std::ranges::all_of(value, is_letter)) {
    wrong(place(table, "name"), "a name is 1 to 64 letters, digits, '-', '_' and '.'");
  }
  return value;
}

std::string TomlValues::text(const toml::table& table, const char* key,
                             const std::string& otherwise) const {
  const auto* node = table.get(key);
  if (node == nullptr) return otherwise;
  const auto value = node->value_exact<std::string>();
  if (!value) wrong(node->source(), std::string(key) + " is text in quotes");
  return *value;
}

std::vector<std::string> TomlValues::texts(const toml::table& table, const char* key) const {
  std::vector<std::string> list;
  const auto* node = table.get(key);
  if (node == nullptr) return list;
  if (!node->is_array()) wrong(node->source(), std::string(key) + " is a list, [\"a\", \"b\"]");
  for (const auto& one : *node->as_array()) {
    const auto value = one.value_exact<std::string>();
    if (!value) wrong(one.source(), std::string(key) + " is a list of texts, [\"a\", \"b\"]");
    list.push_back(*value);
  }
  return list;
}

bool TomlValues::truth(const toml::table& table, const char* key, bool otherwise) const {
  const auto* node = table.get(key);
  if (node == nullptr) return otherwise;
  const auto value = node->value_exact<bool>();
  if (!value) wrong(node->source(), std::string(key) + " is true or false");
  return *value;
}

std::int64_t TomlValues::number(const toml::table& table, const char* key, std::int64_t otherwise,
                                std::int64_t least, std::int64_t most) const {
  const auto* node = table.get(key);
  if (node == nullptr) return otherwise;
  const auto value = node->value_exact<std::int64_t>();
  if (!value || *value < least || *value > most) {
    wrong(node->source(), std::string(key) + " is a whole number from " + std::to_string(least) +
                              " to " + std::to_string(most));
  }
  return *value;
}

milliseconds TomlValues::span(const toml::table& table, const char* key, milliseconds otherwise,
                              milliseconds most) const {
  const auto* node = table.get(key);
  if (node == nullptr) return otherwise;
  const auto value = node->is_number() ? node->value<double>() : std::nullopt;
  if (!value || !(*value >= 0) || *value > std::chrono::duration<double>(most).count()) {
    wrong(node->source(), std::string(key) + " is a number of seconds, at most " +
                              std::to_string(most.count() / 1000));
  }
  return milliseconds(std::llround(*value * 1000));
}

const toml::table* TomlValues::table_of(const toml::table& root, const char* key) const {
  const auto* node = root.get(key);
  if (node == nullptr) return nullptr;
  if (!node->is_table()) {
    wrong(node->source(), std::string(key) + " is a table; write [" + key + "] above its keys");
  }
  return node->as_table();
}

std::vector<const toml::table*> TomlValues::tables_of(const toml::table& root,
                                                      const char* key) const {
  std::vector<const toml::table*> list;
  const auto* node = root.get(key);
  if (node == nullptr) return list;
  const auto all = "write [[" + std::string(key) + "]], one for each";
  if (!node->is_array()) wrong(node->source(), all);
  for (const auto& one : *node->as_array()) {
    if (!one.is_table()) wrong(one.source(), all);
    list.push_back(one.as_table());
  }
  return list;
}

}  // namespace upbeat
