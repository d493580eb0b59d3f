// SPDX-License-Identifier: Apache-2.0
// What a fence agent of ClusterLabs has answered, judged by its exit status and its output. Pure.
#include "fence/agent_answer.h"

#include <algorithm>
#include <cctype>
#include <sstream>
#include <string_view>

#include "base/printable.h"

namespace upbeat {
namespace {

std::string quote(std::string_view text) { return printable(text, quote_limit_bytes); }

constexpr int status_on = 0;
constexpr int status_off = 2;

/// The last thing that the agent said, without its advice how to use it.
std::string last_words(const AgentRun& run, const Finished& finished) {
  const std::string& said = finished.err.empty() ? finished.out : finished.err;
  std::string last;
  for (std::size_t at = 0; at < said.size();) {
    const auto end = std::min(said.find('\n', at), said.size());
    const std::string line = said.substr(at, end - at);
    at = end + 1;
    const bool empty = line.find_first_not_of(" \t\r") == std::string::npos;
    if (!empty && line.find("use '-h' for usage") == std::string::npos) last = line;
  }
  return last.empty() ? "and said nothing" : "and said: " + redact(last, run.options);
}

std::string status_words(int exit_status) {
  return exit_status > 128 ? "was ended by signal " + std::to_string(exit_status - 128)
                           : "ended with status " + std::to_string(exit_status);
}

/// Whether `word` (lower case) stands in `text` on its own, in any case.
bool says(const std::string& text, std::string_view word) {
  const auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
  const auto letter = [&](std::size_t at) {
    return at < text.size() && std::isalnum(static_cast<unsigned char>(text[at])) != 0;
  };
  for (std::size_t at = 0; at + word.size() <= text.size(); ++at) {
    const bool found = std::equal(word.begin(), word.end(), text.begin() + static_cast<long>(at),
                                  [&](char w, char t) { return same(t, w); });
    if (found && (at == 0 || !letter(at - 1)) && !letter(at + word.size())) return true;
  }
  return false;
}

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

/// Whether a line "OUTLET,ALIAS" of a list is about this plug. Switches with several rows of
/// outlets list "ROW:OUTLET".
bool is_about(const std::string& line, const std::string& separator, const std::string& plug) {
  const auto comma = line.find(separator);
  const std::string outlet = line.substr(0, comma);
  const std::string alias = line.substr(comma + separator.size());
  return outlet == plug || alias == plug || outlet.ends_with(":" + plug);
}

}  // namespace

std::unexpected<Error> agent_trouble(const AgentRun& run, const std::string& what) {
  return fail("fence device '" + quote(run.device) + "': " + quote(run.agent) + " " +
              printable(what) +
              "; check the device, and its options and plugs in the configuration");
}

Result<PowerState> read_status(const AgentRun& run, const Finished& answer) {
  const bool off = says(answer.out, "off");
  const bool on = says(answer.out, "on");
  if (answer.exit_status == status_on && on && !off) return PowerState::on;
  if (answer.exit_status == status_off && off && !on) return PowerState::off;
  const bool claims = answer.exit_status == status_on || answer.exit_status == status_off;
  return agent_trouble(run, (claims ? "gave an answer to 'status' that is none: it "
                                    : "could not do 'status': it ") +
                                status_words(answer.exit_status) + " " + last_words(run, answer));
}

Result<Told> read_switched(const AgentRun& run, PowerAction action, const Finished& answer) {
  if (answer.exit_status == 0) {
    return says(answer.out, "already") ? Told::nothing_to_do : Told::switched;
  }
  const std::string word = action == PowerAction::off ? "off" : "on";
  return agent_trouble(run, "could not do '" + word + "': it " + status_words(answer.exit_status) +
                                " " + last_words(run, answer));
}

Result<void> find_plug(const AgentRun& run, const std::string& plug, const Finished& answer) {
  if (answer.exit_status != 0) return {};
  const auto chosen = run.options.find("separator");
  const std::string separator = chosen == run.options.end() ? "," : lower(chosen->second);
  std::istringstream lines(lower(answer.out));
  bool named_some = false;
  for (std::string line; std::getline(lines, line);) {
    if (separator.empty() || line.find(separator) == std::string::npos) continue;
    named_some = true;
    if (is_about(line, separator, lower(plug))) return {};
  }
  if (!named_some) return {};
  return agent_trouble(
      run, "says that plug '" + quote(plug) + "' is off, but does not list such a plug");
}

}  // namespace upbeat
