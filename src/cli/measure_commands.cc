// SPDX-License-Identifier: Apache-2.0
// Reads the targets, probes for the time asked for, prints one row a target.
#include "cli/measure_commands.h"

#include <fmt/core.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "measure/prober.h"
#include "measure/report.h"
#include "measure/statistics.h"

namespace upbeat::cli {
namespace {

using Clock = std::chrono::steady_clock;

struct ProbeArguments {
  std::vector<std::string> targets;
  int rate_per_s = 200;
  int seconds = 10;
  std::string netns;
  bool json = false;
};

struct Row {
  measure::Target target;
  measure::Summary summary;
  std::uint64_t unsendable = 0;
};

double ms(measure::Span span) { return std::chrono::duration<double, std::milli>(span).count(); }

Result<std::vector<measure::Target>> read_targets(const std::vector<std::string>& words) {
  std::vector<measure::Target> targets;
  for (const auto& word : words) {
    const auto middle = word.find('=');
    if (middle == 0 || middle == std::string::npos || middle + 1 == word.size()) {
      return fail("cannot probe '" + word + "': write a target as NAME=ADDRESS, x0=10.0.0.1");
    }
    targets.push_back({word.substr(0, middle), word.substr(middle + 1)});
  }
  return targets;
}

std::string netns_path(const std::string& name) {
  if (name.empty() || name.find('/') != std::string::npos) return name;
  return "/run/netns/" + name;
}

void print_json(const std::vector<Row>& rows, const ProbeArguments& arguments, double cpu_percent) {
  boost::json::array targets;
  for (const auto& [target, summary, unsendable] : rows) {
    targets.push_back(boost::json::object{{"target", target.name},
                                          {"address", target.address},
                                          {"sent", summary.sent},
                                          {"answered", summary.answered},
                                          {"unsendable", unsendable},
                                          {"duplicates", summary.duplicates},
                                          {"loss_percent", summary.loss_percent()},
                                          {"blackout_ms", ms(summary.blackout())},
                                          {"resolution_ms", ms(summary.resolution)},
                                          {"median_round_trip_ms", ms(summary.median_round_trip)},
                                          {"p99_round_trip_ms", ms(summary.p99_round_trip)}});
  }
  const boost::json::object all{{"rate_per_s", arguments.rate_per_s},
                                {"seconds", arguments.seconds},
                                {"cpu_percent", cpu_percent},
                                {"targets", std::move(targets)}};
  std::cout << boost::json::serialize(all) << "\n";
}

void print_table(const std::vector<Row>& rows, double cpu_percent) {
  measure::Table table({"target", "sent", "answered", "lost", "twice", "blackout", "resolution",
                        "round trip", "p99"});
  for (const auto& [target, summary, unsendable] : rows) {
    table.add({target.name, std::to_string(summary.sent), std::to_string(summary.answered),
               fmt::format("{:.2f} %", summary.loss_percent()), std::to_string(summary.duplicates),
               fmt::format("{:.1f} ms", ms(summary.blackout())),
               fmt::format("{:.1f} ms", ms(summary.resolution)),
               fmt::format("{:.2f} ms", ms(summary.median_round_trip)),
               fmt::format("{:.2f} ms", ms(summary.p99_round_trip))});
  }
  std::cout << table.text()
            << fmt::format("The prober itself used {:.1f} % of a core.\n", cpu_percent);
}

int probe(const ProbeArguments& arguments) {
  auto targets = read_targets(arguments.targets);
  auto prober = targets
                    ? measure::Prober::start(*targets, {.rate_per_s = arguments.rate_per_s,
                                                        .netns_path = netns_path(arguments.netns)})
                    : std::unexpected(targets.error());
  if (!prober) {
    std::cerr << "upbeat: " << prober.error().text << "\n";
    return 1;
  }
  const bool on_terminal = ::isatty(STDERR_FILENO) == 1;
  const auto begin = Clock::now();
  const auto end = begin + std::chrono::seconds(arguments.seconds);
  for (int left = arguments.seconds; left > 0; --left) {
    if (on_terminal)
      std::cerr << fmt::format("\rprobing {} targets, {} s left ", targets->size(), left);
    std::this_thread::sleep_until(end - std::chrono::seconds(left - 1));
  }
  if (on_terminal) std::cerr << "\r" << std::string(60, ' ') << "\r";
  (*prober)->stop();
  std::vector<Row> rows;
  for (std::size_t at = 0; at < targets->size(); ++at) {
    const auto series = (*prober)->series(at);
    rows.push_back({(*targets)[at], measure::summarize(series, {begin, end}), series.unsendable});
  }
  const double cpu_percent = 100.0 * std::chrono::duration<double>((*prober)->cpu_time()).count() /
                             static_cast<double>(arguments.seconds);
  if (arguments.json) {
    print_json(rows, arguments, cpu_percent);
  } else {
    print_table(rows, cpu_percent);
  }
  return 0;
}

}  // namespace

void add_measure(CLI::App& app) {
  auto* measure = app.add_subcommand("measure", "Probes and statistics: how long was it away");
  measure->require_subcommand(1);
  auto* command = measure->add_subcommand(
      "probe", "Probe guests by ICMP echo and tell the longest time without an answer");
  auto arguments = std::make_shared<ProbeArguments>();
  command->add_option("--target", arguments->targets, "NAME=ADDRESS; give it once a target")
      ->required()
      ->allow_extra_args(false);
  command->add_option("--rate", arguments->rate_per_s, "probes a second for each target")
      ->capture_default_str();
  command->add_option("--seconds", arguments->seconds, "how long")
      ->capture_default_str()
      ->check(CLI::Range(1, 86'400));
  command->add_option("--netns", arguments->netns,
                      "the network namespace to probe from: a name of `ip netns`, or a path");
  command->add_flag("--json", arguments->json, "print JSON");
  command->callback([arguments] {
    if (const int status = probe(*arguments); status != 0) throw CLI::RuntimeError(status);
  });
}

}  // namespace upbeat::cli
