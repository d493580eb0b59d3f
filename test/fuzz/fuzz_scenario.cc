// SPDX-License-Identifier: Apache-2.0
// A scenario's file: what is refused is refused in words, what is read can be written and read
// back.
#include "promise.h"
#include "sim/scenario.h"

namespace upbeat {
namespace {

void promise_limits(const Scenario& scenario) {
  fuzz::promise(!scenario.nodes.empty(), "a scenario has a node");
  fuzz::promise(scenario.nodes.size() <= scenario_nodes_limit, "nodes are within their limit");
  fuzz::promise(scenario.vms.size() <= scenario_vms_limit, "VMs are within their limit");
  fuzz::promise(scenario.length <= scenario_length_limit, "a story lasts a year at most");
  std::chrono::milliseconds at{0};
  for (const auto& step : scenario.timeline) {
    fuzz::promise(step.at >= at && step.at <= scenario.length, "times do not run backwards");
    at = step.at;
    fuzz::promise_line(step.command);
  }
}

void try_text(const std::string& text) {
  const auto scenario = read_scenario(text, "story.toml");
  if (!scenario) {
    fuzz::promise_sentence(scenario.error().text);
    return fuzz::promise(scenario.error().text.starts_with("cannot use the scenario story.toml"),
                         "an error names the file", scenario.error().text);
  }
  promise_limits(*scenario);
  const auto again = read_scenario(write_scenario(*scenario), "story.toml");
  fuzz::promise(again.has_value(), "what was read can be written down",
                again ? "" : again.error().text);
  fuzz::promise(*again == *scenario, "what was written down is read the same");
}

}  // namespace
}  // namespace upbeat

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  upbeat::try_text(upbeat::fuzz::text_of(data, size));
  return 0;
}
