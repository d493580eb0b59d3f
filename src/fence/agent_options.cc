// SPDX-License-Identifier: Apache-2.0
// The options of a fence agent: read, written as lines, kept out of texts.
#include "fence/agent_options.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string_view>

#include "base/printable.h"

namespace upbeat {
namespace {

constexpr std::string_view file_suffix = "_file";
/// A secret that is longer than this is no secret but the wrong file.
constexpr std::size_t secret_limit_bytes = 64U << 10U;
constexpr std::size_t text_limit_bytes = 300;
/// The value of an option that may or may not be secret is hidden from this length on: hiding
/// every "1" would leave no sentence whole.
constexpr std::size_t hidden_from_bytes = 4;

constexpr std::array<std::string_view, 5> own_file_options = {
    "debug_file", "identity_file", "status_file", "token_file", "cookie_file"};
constexpr std::array<std::string_view, 4> set_by_upbeat = {"action", "plug", "port", "nodename"};
constexpr std::array<std::string_view, 7> secret_words = {"pass",      "secret", "token", "key",
                                                          "community", "cookie", "cred"};
constexpr std::array<std::string_view, 24> harmless = {
    "action",        "plug",         "port",           "nodename",   "ip",
    "ipaddr",        "ipport",       "username",       "login",      "method",
    "switch",        "snmp_version", "snmp_sec_level", "power_wait", "power_timeout",
    "cmd_prompt",    "status_file",  "identity_file",  "debug_file", "shell_timeout",
    "login_timeout", "type",         "ssh_options",    "auth"};

std::string quote(std::string_view text) { return printable(text, quote_limit_bytes); }

template <class List>
bool contains(const List& list, std::string_view word) {
  return std::ranges::find(list, word) != list.end();
}

/// The agents take '-' and '_' for the same.
std::string plain(std::string key) {
  std::ranges::replace(key, '-', '_');
  return key;
}

bool is_secret(const std::string& key) {
  return std::ranges::any_of(secret_words,
                             [&](auto word) { return key.find(word) != std::string::npos; });
}

Result<std::string> read_secret(const std::string& option, const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string content;
  if (file) content.assign(std::istreambuf_iterator<char>(file), {});
  if (!file) {
    return fail("cannot read the file " + path + " that its option " + option +
                " names: " + std::strerror(errno) + "; make it, readable by root alone");
  }
  if (content.size() > secret_limit_bytes) {
    return fail("the file " + path + " that its option " + option + " names has more than " +
                std::to_string(secret_limit_bytes) + " bytes; name the right one");
  }
  while (content.ends_with('\n') || content.ends_with('\r')) content.pop_back();
  return content;
}

void replace_all(std::string& text, const std::string& what, std::string_view by) {
  if (what.empty()) return;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
}

/// The value, and as the agents' own quoting for a shell or for Python shows it.
std::vector<std::string> spellings(const std::string& value) {
  std::string for_shell = value;
  replace_all(for_shell, "'", "'\\''");
  std::string for_python = value;
  replace_all(for_python, "\\", "\\\\");
  return {for_shell, for_python, value};
}

}  // namespace

Result<AgentOptions> read_options(const AgentOptions& configured) {
  AgentOptions options;
  for (const auto& [key, value] : configured) {
    std::string name = plain(key);
    if (contains(set_by_upbeat, name)) {
      return fail("its option " + quote(key) + " is set by Upbeat itself; remove it" +
                  (name == "action" ? "" : " and name the node's outlet in 'plugs'"));
    }
    std::string content = value;
    if (name.ends_with(file_suffix) && !contains(own_file_options, name)) {
      auto secret = read_secret(key, value);
      if (!secret) return std::unexpected(secret.error());
      content = std::move(*secret);
      name.resize(name.size() - file_suffix.size());
      if (configured.contains(name)) {
        return fail("it has the option " + quote(name) + " twice, once as a file; remove one");
      }
    }
    if ((name + content).find_first_of(std::string_view("\n\r\0", 3)) != std::string::npos ||
        name.find('=') != std::string::npos || name.empty()) {
      return fail("its option " + quote(key) + " does not fit on one line; correct it");
    }
    options[name] = std::move(content);
  }
  return options;
}

std::string as_input(const AgentOptions& options) {
  std::string lines;
  for (const auto& [key, value] : options) lines.append(key).append("=").append(value) += '\n';
  return lines;
}

std::string redact(std::string text, const AgentOptions& options) {
  std::vector<std::string> hidden;
  for (const auto& [key, value] : options) {
    const bool doubtful = !contains(harmless, key) && value.size() >= hidden_from_bytes;
    if (!is_secret(key) && !doubtful) continue;
    for (const auto& spelling : spellings(value)) hidden.push_back(printable(spelling));
  }
  // The longest first: a secret may hold another one.
  std::ranges::sort(hidden, std::ranges::greater{}, &std::string::size);
  text = printable(text);
  for (const auto& secret : hidden) replace_all(text, secret, "***");
  return printable(text, text_limit_bytes);
}

}  // namespace upbeat
