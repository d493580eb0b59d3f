// SPDX-License-Identifier: Apache-2.0
// Fence agents: options to lines and back, secrets out of every text, and no proof without the
// word. An input is, parted by lines of "%%": exit status and plug, options, output, errors.
#include <algorithm>
#include <cctype>
#include <sstream>

#include "fence/agent_answer.h"
#include "promise.h"

namespace upbeat {
namespace {

/// "key=value" lines. Options that name files are left out: a fuzzer should not choose files.
AgentOptions options_in(const std::string& lines) {
  AgentOptions options;
  std::istringstream in(lines);
  for (std::string line; std::getline(in, line);) {
    const std::size_t end = std::min(line.find('='), line.size());
    const std::string key = line.substr(0, end);
    if (!key.ends_with("file")) options[key] = line.substr(std::min(end + 1, line.size()));
  }
  return options;
}

void promise_lines(const AgentOptions& options) {
  fuzz::promise(options_in(as_input(options)) == options, "an agent reads what was written");
}

void promise_secrecy(const std::string& said, const AgentOptions& options) {
  const std::string shown = redact(said, options);
  fuzz::promise_line(shown);
  for (const auto& [key, value] : options) {
    const std::string secret = printable(value);
    if (!key.contains("passw") || secret.empty() || secret.find_first_of("*…") != std::string::npos)
      continue;
    fuzz::promise(!shown.contains(secret), "no secret is shown", shown);
  }
}

bool has_word(std::string text, std::string_view word) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text.contains(word);
}

void promise_judgement(const AgentRun& run, const std::string& plug, const Finished& answer) {
  const auto status = read_status(run, answer);
  if (!status) fuzz::promise_sentence(status.error().text);
  if (status == PowerState::off)
    fuzz::promise(answer.exit_status == 2 && has_word(answer.out, "off"), "off is proved");
  if (status == PowerState::on)
    fuzz::promise(answer.exit_status == 0 && has_word(answer.out, "on"), "on is said");
  for (const auto action : {PowerAction::off, PowerAction::on}) {
    const auto told = read_switched(run, action, answer);
    fuzz::promise(told.has_value() == (answer.exit_status == 0), "switched is what ended with 0");
    if (!told) fuzz::promise_sentence(told.error().text);
  }
  if (const auto found = find_plug(run, plug, answer); !found)
    fuzz::promise_sentence(found.error().text);
}

void try_answer(const std::string& input) {
  const auto parts = fuzz::pieces(input, 4);
  Finished answer{.exit_status = 0, .out = parts[2], .err = parts[3]};
  std::string plug;
  std::istringstream(parts[0]) >> answer.exit_status >> plug;
  const auto options = read_options(options_in(parts[1]));
  if (!options) return fuzz::promise_sentence(options.error().text);
  promise_lines(*options);
  promise_secrecy(answer.out, *options);
  promise_judgement({.device = "strip", .agent = "fence_test", .options = *options}, plug, answer);
}

}  // namespace
}  // namespace upbeat

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  upbeat::try_answer(upbeat::fuzz::text_of(data, size));
  return 0;
}
