// SPDX-License-Identifier: Apache-2.0
// Figures to words.
#include "lab/demo_report.h"

#include <fmt/core.h>

#include <boost/json.hpp>
#include <cmath>

#include "measure/report.h"
#include "measure/statistics.h"

namespace upbeat::lab {
namespace {

std::string cell(const std::optional<double>& value, const char* unit, int digits) {
  return value ? fmt::format("{:.{}f} {}", *value, digits, unit) : "unknown";
}

std::string yes(bool value) { return value ? "yes" : "NO"; }

/// A JSON number that people can read too: "3.25"; or null.
std::string number(const std::optional<double>& value) {
  return value ? fmt::format("{:.6g}", std::round(*value * 1000.0) / 1000.0) : "null";
}

std::string quoted(const std::string& text) {
  return boost::json::serialize(boost::json::value(text));
}

Promise promise(const std::string& what, const std::optional<double>& value, double limit,
                const char* unit, int digits) {
  return {fmt::format("{}: {}, limit {:.0f} {}", what, cell(value, unit, digits), limit, unit),
          value && *value <= limit};
}

std::optional<double> blackout_median_ms(const Graceful& graceful) {
  std::vector<double> all;
  for (const auto& vm : graceful.vms) {
    if (!vm.blackout_ms) return std::nullopt;
    all.push_back(*vm.blackout_ms);
  }
  if (all.empty()) return std::nullopt;
  return measure::median(std::move(all));
}

std::string others(const std::optional<double>& blackout_ms) {
  return "longest silence of the guests on other nodes meanwhile: " + cell(blackout_ms, "ms", 1) +
         "\n";
}

std::string where(const std::string& node) { return node.empty() ? "nowhere" : node; }

}  // namespace

std::vector<Promise> promises(const DemoReport& report) {
  const auto& cut = report.power_cut;
  return {promise("reboot: blackout, median", blackout_median_ms(report.graceful),
                  blackout_median_limit_ms, "ms", 1),
          promise("reboot: strike to repaired", report.graceful.strike_to_repaired_s,
                  graceful_repaired_limit_s, "s", 2),
          promise("power cut: strike to lost", cut.strike_to_lost_s, lost_limit_s, "s", 2),
          promise("power cut: strike to fenced", cut.strike_to_fenced_s, fenced_limit_s, "s", 2),
          promise("power cut: strike to repaired", cut.strike_to_repaired_s, cut_repaired_limit_s,
                  "s", 2)};
}

std::vector<std::string> wrong_in_kind(const DemoReport& report) {
  auto wrong = report.wrongs;
  for (const auto& vm : report.graceful.vms) {
    if (vm.method != "live") wrong.push_back(vm.vm + " did not move live: " + vm.method);
    if (!vm.same_boot) wrong.push_back(vm.vm + " is another boot than before the reboot");
    if (!vm.memory_intact) wrong.push_back(vm.vm + "'s memory was not proved intact");
    if (!vm.connection_kept) wrong.push_back(vm.vm + "'s TCP connection broke");
  }
  for (const auto& vm : report.power_cut.vms) {
    if (!vm.outage_s) wrong.push_back(vm.vm + " did not come back after the power cut");
  }
  if (!report.graceful.came_back) wrong.push_back(report.graceful.node + " is not back");
  if (report.power_cut.node.empty()) {
    wrong.emplace_back("there was no power cut");
  } else if (!report.power_cut.came_back) {
    wrong.push_back(report.power_cut.node + " is not back");
  }
  if (report.started_twice > 0) {
    wrong.push_back(fmt::format("guests were started twice: {} times", report.started_twice));
  }
  return wrong;
}

std::string to_text(const DemoReport& report) {
  const auto& [graceful, cut, started_twice, wrongs] = report;
  std::string text = fmt::format("\n`systemctl reboot` in {}: repaired after {}\n", graceful.node,
                                 cell(graceful.strike_to_repaired_s, "s", 2));
  measure::Table moved({"VM", "from", "to", "how", "blackout", "hypervisor says", "same boot",
                        "memory intact", "TCP kept", "TCP stall"});
  for (const auto& vm : graceful.vms) {
    moved.add({vm.vm, vm.from, where(vm.to), vm.method, cell(vm.blackout_ms, "ms", 1),
               cell(vm.hypervisor_downtime_ms, "ms", 0), yes(vm.same_boot), yes(vm.memory_intact),
               yes(vm.connection_kept), cell(vm.longest_stall_ms, "ms", 0)});
  }
  text += moved.text() + others(graceful.others_blackout_ms);
  text += fmt::format("\npower of {} cut: lost after {}, proved off after {}, repaired after {}\n",
                      cut.node, cell(cut.strike_to_lost_s, "s", 2),
                      cell(cut.strike_to_fenced_s, "s", 2), cell(cut.strike_to_repaired_s, "s", 2));
  measure::Table restarted({"VM", "from", "to", "how", "outage"});
  for (const auto& vm : cut.vms) {
    restarted.add({vm.vm, vm.from, where(vm.to), vm.method, cell(vm.outage_s, "s", 2)});
  }
  text += restarted.text() + others(cut.others_blackout_ms);
  text += fmt::format("\nguests started twice: {}\n\n", started_twice);
  for (const auto& one : promises(report))
    text += (one.met ? "met     " : "MISSED  ") + one.what + "\n";
  for (const auto& one : wrong_in_kind(report)) text += "WRONG   " + one + "\n";
  return text;
}

std::string to_json(const DemoReport& report) {
  const auto& [graceful, cut, started_twice, wrongs] = report;
  std::string moved;
  for (const auto& vm : graceful.vms) {
    moved += fmt::format(
        "{}\n    {{\"vm\": {}, \"from\": {}, \"to\": {}, \"method\": {}, \"blackout_ms\": {}, "
        "\"hypervisor_downtime_ms\": {}, \"same_boot\": {}, \"memory_intact\": {}}}",
        moved.empty() ? "" : ",", quoted(vm.vm), quoted(vm.from), quoted(vm.to), quoted(vm.method),
        number(vm.blackout_ms), number(vm.hypervisor_downtime_ms), vm.same_boot, vm.memory_intact);
  }
  std::string restarted;
  for (const auto& vm : cut.vms) {
    restarted += fmt::format(
        "{}\n    {{\"vm\": {}, \"from\": {}, \"to\": {}, \"method\": {}, \"outage_s\": {}}}",
        restarted.empty() ? "" : ",", quoted(vm.vm), quoted(vm.from), quoted(vm.to),
        quoted(vm.method), number(vm.outage_s));
  }
  return fmt::format(
      "{{\"graceful\": {{\"node\": {}, \"strike_to_repaired_s\": {}, \"vms\": [{}]}},\n"
      " \"power_cut\": {{\"node\": {}, \"strike_to_lost_s\": {}, \"strike_to_fenced_s\": {}, "
      "\"strike_to_repaired_s\": {}, \"vms\": [{}]}},\n \"started_twice\": {}}}\n",
      quoted(graceful.node), number(graceful.strike_to_repaired_s), moved, quoted(cut.node),
      number(cut.strike_to_lost_s), number(cut.strike_to_fenced_s),
      number(cut.strike_to_repaired_s), restarted, started_twice);
}

}  // namespace upbeat::lab
