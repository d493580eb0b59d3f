// SPDX-License-Identifier: Apache-2.0
// A program of the host's owner that says whether the host is well.
#include "health/program_check.h"

#include "base/printable.h"

namespace upbeat {
namespace {

constexpr std::size_t said_limit_bytes = 64U << 10U;

/// The first line that says anything.
std::string first_words(const std::string& text) {
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos) return {};
  auto line = text.substr(begin, text.find('\n', begin) - begin);
  line.erase(line.find_last_not_of(" \t\r") + 1);
  return printable(line, quote_limit_bytes);
}

}  // namespace

Seen judge_program(const HealthProgram& program, const Result<Finished>& finished) {
  Seen seen;
  Finding finding{.part = program.name, .health = Health::unknown, .why = {}};
  const auto attempt = "cannot tell how this host is by [health." + program.name + "]: ";
  if (!finished) {
    seen.trouble = attempt + printable(finished.error().text);
  } else if (finished->exit_status >= no_judgement_status) {
    seen.trouble = attempt + printable(program.command.front(), quote_limit_bytes) +
                   " ended with status " + std::to_string(finished->exit_status) +
                   ", which says nothing of the host; run it by hand";
  } else if (finished->exit_status == 0) {
    finding.health = Health::well;
  } else {
    finding.health = Health::ill;
    auto said = first_words(finished->out);
    if (said.empty()) said = first_words(finished->err);
    if (said.empty()) said = "status " + std::to_string(finished->exit_status);
    finding.why = program.name + ": " + said;
  }
  seen.findings.push_back(std::move(finding));
  return seen;
}

Seen look_by(const HealthProgram& program, int stop_fd) {
  return judge_program(program, run({.argv = program.command,
                                     .input = {},
                                     .timeout = program.timeout,
                                     .output_limit_bytes = said_limit_bytes,
                                     .stop_fd = stop_fd}));
}

}  // namespace upbeat
