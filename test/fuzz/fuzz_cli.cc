// SPDX-License-Identifier: Apache-2.0
// What the command makes of the daemon's answers: tables, progress and verdicts, of any JSON.
#include <array>
#include <boost/json.hpp>

#include "cli/fields.h"
#include "cli/goal.h"
#include "cli/tables.h"
#include "promise.h"

namespace upbeat {
namespace {

namespace json = boost::json;

/// Lines, each with its end.
void promise_lines(const std::string& text) {
  fuzz::promise(text.ends_with('\n'), "the last line ends", text);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    fuzz::promise_line(text.substr(at, end - at));
    at = end + 1;
  }
}

void try_goal(const cli::Goal& goal, const json::value& status) {
  const cli::Verdict verdict = goal.judge(status);
  fuzz::promise((verdict.judgement == cli::Judgement::goes_on) == verdict.text.empty(),
                "a verdict has words", verdict.text);
  fuzz::promise_line(verdict.text);
  for (const json::value& vm : cli::list_in(status, "vms")) (void)goal.concerns(vm);
}

void try_answer(const json::value& answer) {
  promise_lines(cli::status_text(answer, cli::Colours::none));
  promise_lines(cli::nodes_text(answer, cli::Colours::none));
  promise_lines(cli::vms_text(answer, cli::Colours::none));
  fuzz::promise(cli::status_text(answer, cli::Colours::ansi).size() >=
                    cli::status_text(answer, cli::Colours::none).size(),
                "colours take nothing away");
  for (const json::value& vm : cli::list_in(answer, "vms")) {
    fuzz::promise_line(cli::vm_progress_text(vm));
    if (const json::value* progress = cli::part_of(vm, "progress"))
      fuzz::promise_line(cli::progress_text(*progress));
  }
  const std::array goals{cli::drain_goal("node1"), cli::start_goal("x1"), cli::stop_goal("x1"),
                         cli::remove_goal("x1"), cli::migrate_goal("x1", "node1", "node2")};
  for (const cli::Goal& goal : goals) try_goal(goal, answer);
}

}  // namespace
}  // namespace upbeat

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  boost::system::error_code error;
  const auto answer = boost::json::parse(upbeat::fuzz::text_of(data, size), error);
  if (!error) upbeat::try_answer(answer);
  return 0;
}
