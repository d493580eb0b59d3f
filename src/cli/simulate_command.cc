// SPDX-License-Identifier: Apache-2.0
// Plays one scenario, one seed, or many seeds on all cores, and says what went wrong and how to see
// it again.
#include "cli/simulate_command.h"

#include <fmt/core.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <boost/json.hpp>
#include <charconv>
#include <csignal>
#include <ctime>
#include <iostream>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "cli/command.h"
#include "cli/exit_status.h"
#include "cli/what_if_command.h"
#include "sim/chance.h"
#include "sim/command.h"
#include "sim/run.h"
#include "sim/scenario_words.h"
#include "sim/shrink.h"

namespace upbeat::cli {
namespace {

using Clock = std::chrono::steady_clock;
namespace json = boost::json;

struct Arguments {
  std::string scenario;
  std::optional<std::uint64_t> seed;
  std::string seeds;
  std::uint32_t nodes = 4;
  std::uint32_t vms = 8;
  double hours = 1.0 / 6;
  QuorumRule quorum = QuorumRule::majority;
  std::vector<std::string> faults;
  unsigned jobs = std::max(1U, std::thread::hardware_concurrency());
  bool json = false;
  bool commands = false;
  bool from_cluster = false;
  std::string socket = default_socket;
  std::vector<std::string> what;
  bool log = false;
};

/// Seeds from `first` to `last`, both included.
struct Seeds {
  std::uint64_t first = 1;
  std::uint64_t last = 1;
};

std::atomic<bool> interrupted{false};

/// Of many seeds that go wrong, the first so many are shortened: it takes a while each.
constexpr std::size_t shortened_limit = 3;

[[noreturn]] void usage(const std::string& text, const Arguments& arguments) {
  end_with(Failure{.exit_status = exit_usage, .text = text},
           arguments.json ? Format::json : Format::text);
}

std::optional<std::uint64_t> whole_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// "1..500", or "1.." for no end.
Seeds read_seeds(const Arguments& arguments) {
  const std::string_view text = arguments.seeds;
  const auto dots = text.find("..");
  const auto first = whole_number(text.substr(0, dots));
  if (dots != std::string_view::npos && first) {
    const auto rest = text.substr(dots + 2);
    if (rest.empty()) return {*first, std::numeric_limits<std::uint64_t>::max()};
    if (const auto last = whole_number(rest); last && *last >= *first) return {*first, *last};
  }
  usage("cannot simulate the seeds '" + arguments.seeds +
            "': write them as FIRST..LAST, 1..500, or FIRST.. to go on until stopped",
        arguments);
}

ChanceOptions chance_options(const Arguments& arguments) {
  ChanceOptions options{.nodes = arguments.nodes, .vms = arguments.vms, .quorum = arguments.quorum};
  options.length =
      std::chrono::milliseconds(static_cast<std::int64_t>(arguments.hours * 3'600'000.0));
  const auto known = fault_classes();
  for (const auto& name : arguments.faults) {
    if (std::ranges::find(known, name) == known.end()) {
      std::string list;
      for (const auto& one : known) list += (list.empty() ? "" : ", ") + one;
      usage("cannot simulate faults of the class '" + name + "': there are " + list, arguments);
    }
    options.faults.insert(name);
  }
  return options;
}

/// The command line that plays this seed again.
std::string again(std::uint64_t seed, const Arguments& arguments) {
  std::string text = fmt::format("upbeat simulate --seed {}", seed);
  const Arguments usual;
  if (arguments.nodes != usual.nodes) text += fmt::format(" --nodes {}", arguments.nodes);
  if (arguments.vms != usual.vms) text += fmt::format(" --vms {}", arguments.vms);
  if (arguments.hours != usual.hours) text += fmt::format(" --hours {}", arguments.hours);
  for (const auto& [word, quorum] : quorum_words()) {
    if (arguments.quorum == quorum && quorum != usual.quorum) text += " --quorum " + word;
  }
  for (const auto& name : arguments.faults) text += " --faults " + name;
  return text;
}

json::object to_json(const RunResult& result) {
  json::array log;
  for (const auto& [at, subject, text] : result.log) {
    log.push_back(json::object{
        {"at_s", static_cast<double>(at.count()) / 1000}, {"subject", subject}, {"text", text}});
  }
  json::array decisions;
  for (const auto& taken : result.decisions) {
    decisions.push_back(json::object{{"at_s", static_cast<double>(taken.at.count()) / 1000},
                                     {"view", taken.view.get()},
                                     {"what", taken.what},
                                     {"why", taken.why}});
  }
  json::object placements;
  for (const auto& [vm, node] : result.placements) {
    placements[vm] = node.empty() ? json::value(nullptr) : json::value(node);
  }
  json::array violations;
  for (const auto& [checker, at, text] : result.violations) {
    violations.push_back(json::object{
        {"checker", checker}, {"at_s", static_cast<double>(at.count()) / 1000}, {"text", text}});
  }
  json::array checkers;
  for (const auto& facts : all_checkers()) {
    const auto broken = std::ranges::find(result.violations, facts.name, &Violation::checker);
    checkers.push_back(json::object{{"name", facts.name},
                                    {"promise", facts.promise},
                                    {"holds", broken == result.violations.end()}});
  }
  return {{"length_s", static_cast<double>(result.length.count()) / 1000},
          {"events_applied", result.events_applied},
          {"log", std::move(log)},
          {"decisions", std::move(decisions)},
          {"placements", std::move(placements)},
          {"checkers", std::move(checkers)},
          {"violations", std::move(violations)}};
}

void print_violations(const RunResult& result) {
  for (const auto& [checker, at, text] : result.violations) {
    std::cout << fmt::format("WRONG ({}) at {:.3f} s: {}\n", checker,
                             static_cast<double>(at.count()) / 1000, text);
  }
}

void show(const RunResult& result, const Arguments& arguments) {
  if (arguments.json) {
    print_json(to_json(result));
  } else {
    std::cout << format_log(result.log);
    print_violations(result);
  }
}

[[noreturn]] void end(int status) { throw CLI::RuntimeError(status); }

void play_scenario(const Arguments& arguments) {
  const auto scenario = load_scenario(arguments.scenario);
  if (!scenario) usage(scenario.error().text, arguments);
  const auto result = play(*scenario, Keep::everything);
  show(result, arguments);
  if (!result.violations.empty()) end(exit_refused);
}

/// What a seed that went wrong wants: one line to see it again, and the shortest story that we
/// find.
void print_finding(std::uint64_t seed, const RunResult& result, const Arguments& arguments) {
  std::cout << fmt::format("seed {} goes wrong; see it with: {}\n", seed, again(seed, arguments));
  print_violations(result);
}

void print_shortened(std::uint64_t seed, const Scenario& story, const RunResult& result,
                     const Arguments& arguments) {
  print_finding(seed, result, arguments);
  const auto shorter = shrink(story, result.violations.front().checker);
  std::cout << fmt::format("shortened from {} steps to {}:\n", story.timeline.size(),
                           shorter.timeline.size());
  for (const auto& [at, command] : shorter.timeline) {
    std::cout << fmt::format("{:9.3f}  {}\n", static_cast<double>(at.count()) / 1000, command);
  }
  std::cout << std::flush;
}

void play_seed(const Arguments& arguments) {
  const auto story = story_of(*arguments.seed, chance_options(arguments));
  const auto result = play(story, Keep::everything);
  show(result, arguments);
  if (result.violations.empty()) return;
  if (!arguments.json) print_shortened(*arguments.seed, story, result, arguments);
  end(exit_refused);
}

/// Plays seeds on several threads; every thread has worlds of its own.
class Many {
 public:
  Many(Seeds seeds, const Arguments& arguments)
      : seeds_(seeds),
        arguments_(arguments),
        options_(chance_options(arguments)),
        next_(seeds.first) {}

  void run() {
    std::signal(SIGINT, [](int) { interrupted = true; });
    std::vector<std::jthread> workers;
    for (unsigned i = 0; i < std::max(1U, arguments_.jobs); ++i) {
      workers.emplace_back([this] { work(); });
    }
    workers.clear();
    report();
    if (!wrong_.empty()) end(exit_refused);
    if (interrupted) end(exit_interrupted);
  }

 private:
  void work() {
    while (!interrupted) {
      const auto seed = next_++;
      if (seed > seeds_.last || seed < seeds_.first) return;
      const auto story = story_of(seed, options_);
      const auto result = play(story, Keep::violations);
      const std::scoped_lock lock(mutex_);
      ++played_;
      simulated_ += result.length;
      events_ += result.events_applied;
      if (!result.violations.empty()) tell(seed, story, result);
      progress();
    }
  }
  void tell(std::uint64_t seed, const Scenario& story, const RunResult& result) {
    wrong_.push_back(seed);
    if (arguments_.json) return;
    if (wrong_.size() <= shortened_limit) return print_shortened(seed, story, result, arguments_);
    print_finding(seed, result, arguments_);
  }
  void progress() {
    if (arguments_.json || ::isatty(STDERR_FILENO) == 0) return;
    std::cerr << fmt::format("\r{} seeds, {} wrong ", played_, wrong_.size()) << std::flush;
  }
  void report() {
    const double seconds = std::chrono::duration<double>(Clock::now() - begin_).count();
    const double hours = std::chrono::duration<double, std::ratio<3600>>(simulated_).count();
    // By the processor's time: others may be at work on this machine.
    const double busy = static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
    const double per_core_hour = hours * 3600 / std::max(busy, 0.001);
    if (arguments_.json) {
      json::array wrong(wrong_.begin(), wrong_.end());
      return print_json(json::object{{"seeds", played_},
                                     {"cluster_hours", hours},
                                     {"seconds", seconds},
                                     {"cluster_hours_per_core_hour", per_core_hour},
                                     {"events_applied", events_},
                                     {"wrong", std::move(wrong)}});
    }
    if (::isatty(STDERR_FILENO) != 0) std::cerr << "\r\x1b[K";
    std::cout << fmt::format(
        "{} seeds, {:.1f} cluster-hours with {} events in {:.1f} s ({:.0f} cluster-hours per hour "
        "of one core): {}\n",
        played_, hours, events_, seconds, per_core_hour,
        wrong_.empty() ? "all well" : fmt::format("{} wrong", wrong_.size()));
  }

  Seeds seeds_;
  const Arguments& arguments_;
  ChanceOptions options_;
  Clock::time_point begin_ = Clock::now();
  std::atomic<std::uint64_t> next_;
  std::mutex mutex_;  ///< of what follows, and of the output
  std::uint64_t played_ = 0;
  std::chrono::milliseconds simulated_{0};
  std::uint64_t events_ = 0;
  std::vector<std::uint64_t> wrong_;
};

void simulate_live(const Arguments& arguments) {
  if (arguments.what.empty()) {
    usage(
        "cannot simulate: say with --what what is to happen, --what \"cut node2\"; `upbeat "
        "simulate --commands` lists what can",
        arguments);
  }
  simulate_cluster({.socket = arguments.socket, .json = arguments.json}, arguments.what,
                   arguments.log ? ShowLog::yes : ShowLog::no);
}

void simulate(const Arguments& arguments) {
  if (arguments.commands) {
    for (const auto& usage : command_usages()) std::cout << usage << "\n";
    return;
  }
  const int ways = (arguments.scenario.empty() ? 0 : 1) + (arguments.seed ? 1 : 0) +
                   (arguments.seeds.empty() ? 0 : 1) + (arguments.from_cluster ? 1 : 0);
  if (!arguments.from_cluster && (!arguments.what.empty() || arguments.log)) {
    usage("cannot simulate: --what and --log are about the live cluster; add --from-cluster",
          arguments);
  }
  if (ways != 1) {
    usage(
        "cannot simulate: name a SCENARIO.toml, or --seed N, or --seeds FIRST..LAST, or "
        "--from-cluster",
        arguments);
  }
  if (arguments.from_cluster) return simulate_live(arguments);
  if (!arguments.scenario.empty()) return play_scenario(arguments);
  if (arguments.seed) return play_seed(arguments);
  Many(read_seeds(arguments), arguments).run();
}

}  // namespace

void add_simulate(CLI::App& app) {
  auto* command = app.add_subcommand(
      "simulate",
      "Play a cluster's story in virtual time: from a scenario, or made up from a seed");
  auto arguments = std::make_shared<Arguments>();
  command->add_option("SCENARIO", arguments->scenario, "a file, see docs/scenarios.md");
  command->add_option("--seed", arguments->seed, "play the story of this seed, and show its log");
  command->add_option("--seeds", arguments->seeds,
                      "play the stories of these seeds, 1..500, or 1.. until stopped");
  command->add_option("--nodes", arguments->nodes, "of a made-up story")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  command->add_option("--vms", arguments->vms, "of a made-up story")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  command->add_option("--hours", arguments->hours, "of a made-up story, without its end")
      ->check(CLI::Range(0.001, 8760.0))
      ->capture_default_str();
  command
      ->add_option("--quorum", arguments->quorum,
                   "of a made-up story: majority; with two nodes two_node; qdevice")
      ->transform(CLI::CheckedTransformer(quorum_words()))
      ->default_str("majority");
  command->add_option("--faults", arguments->faults, "only faults of these classes")
      ->delimiter(',');
  command->add_option("--jobs", arguments->jobs, "seeds to play at once")->capture_default_str();
  command->add_flag("--from-cluster", arguments->from_cluster,
                    "begin as the live cluster is, and change nothing there");
  command
      ->add_option("--what", arguments->what,
                   "with --from-cluster: what is to happen, \"cut node2\", \"drain node1\"")
      ->type_name("COMMAND[;COMMAND...]")
      ->allow_extra_args(false);
  command->add_flag("--log", arguments->log, "with --from-cluster: the log, too");
  command->add_option("--socket", arguments->socket, "with --from-cluster: the daemon's API socket")
      ->envname("UPBEAT_SOCKET")
      ->capture_default_str();
  command->add_flag("--json", arguments->json, "machine-readable");
  command->add_flag("--commands", arguments->commands, "list the commands of a timeline");
  command->callback([arguments] { simulate(*arguments); });
}

}  // namespace upbeat::cli
