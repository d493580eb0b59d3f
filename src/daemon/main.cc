// SPDX-License-Identifier: Apache-2.0
// upbeatd: puts the real parts together and runs the loop. No logic of its own.
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sysexits.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>

#include "api/http_server.h"
#include "clock/asio_clock.h"
#include "core/status_line.h"
#include "daemon/config.h"
#include "daemon/loop_priority.h"
#include "daemon/node_service.h"
#include "daemon/shutdown_gate.h"
#include "daemon/status_display.h"
#include "engine/corosync_engine.h"
#include "fence/agent_fencer.h"
#include "fence/kernel_watchdog.h"
#include "health/health_checks.h"
#include "hypervisor/libvirt_hypervisor.h"
#include "network/bridge_announcer.h"
#include "node/node.h"
#include "shutdown/logind_shutdown.h"
#include "shutdown/nut_ups.h"
#include "shutdown/service_manager.h"
#include "shutdown/system_state.h"
#include "store/sqlite_journal.h"

namespace upbeat {
namespace {

/// With EX_CONFIG systemd does not try again: only an editor helps.
int give_up(const Error& error, int status = EXIT_FAILURE) {
  spdlog::critical("{}", error.text);
  return status;
}

std::vector<FenceDevice> devices(const Config& config) {
  std::vector<FenceDevice> list;
  for (const auto& section : config.fence) {
    list.push_back({.name = section.name,
                    .agent = section.agent,
                    .options = section.options,
                    .plugs = section.plugs,
                    .timeout = section.timeout,
                    .retries = static_cast<int>(section.retries),
                    .level = static_cast<int>(section.level)});
  }
  return list;
}

NodeOptions node_options(const Config& config) {
  NodeOptions options{.release = {.name = UPBEAT_RELEASE}};
  if (config.memory_mib) options.memory_kib = *config.memory_mib * 1024;
  options.host_reserve_kib = config.host_reserve_mib * 1024;
  options.shutdown_budget = config.shutdown_budget;
  if (config.watchdog) options.watchdog_timeout = config.watchdog->timeout;
  options.traffic.care = MigrationTraffic::Care::taken;
  if (config.migration_mib_per_s != 0) options.traffic.mib_per_s = config.migration_mib_per_s;
  return options;
}

/// Tells systemd's watchdog that the loop turns.
class SignOfLife {
 public:
  explicit SignOfLife(Clock& clock) : clock_(clock), period_(watchdog_period()) { give(); }

 private:
  void give() {
    notify_watchdog();
    if (period_) next_ = clock_.after(*period_ / 3, [this] { give(); });
  }

  Clock& clock_;
  std::optional<std::chrono::milliseconds> period_;
  Timer next_;
};

/// Shows people at the host what a shutdown waits for (packaging/upbeat-handover.service).
constexpr const char* handover_unit = "upbeat-handover.service";

StatusDisplay::Look look_at(const Node& node) {
  using Course = StatusDisplay::Course;
  if (!node.in_step()) return {.line = node.trouble()};
  const auto& drain = node.state().nodes.at(node.self()).drain;
  const bool goes =
      drain && drain->cause == DrainCause::shutdown && !is_empty(node.state(), node.self());
  return {.line = status_line(node.state(), node.self()),
          .course = goes ? Course::goes_down : Course::stays};
}

/// The program's parts live in this function, in the order in which they need each other.
int run(const Config& config) {
  auto journal = SqliteJournal::open(config.state_file);
  if (!journal) return give_up(journal.error());
  auto fence_devices = devices(config);
  if (const auto sound = check_devices(fence_devices); !sound) {
    return give_up(sound.error(), EX_CONFIG);
  }

  boost::asio::io_context io(1);
  AsioClock clock(io);
  CorosyncEngine engine(io);
  LibvirtHypervisor hypervisor(clock,
                               {.uri = config.hypervisor_uri, .migrate_uri = config.migrate_uri});
  BridgeAnnouncer announcer(io);
  AgentFencer fencer(clock, std::move(fence_devices));
  std::optional<KernelWatchdog> watchdog;
  if (config.watchdog) watchdog.emplace(clock, WatchdogPlace{.device = config.watchdog->device});
  LogindShutdown logind(io, [](const Error& error) { spdlog::error("{}", error.text); });
  std::optional<NutUps> ups;
  std::function<void(const std::string&)> ups_trouble = [](const std::string&) {};
  std::vector<ShutdownSource*> sources{&logind};
  if (config.ups) {
    ups.emplace(io, config.ups->place, config.ups->rule,
                [&ups_trouble](const std::string& text) { ups_trouble(text); });
    sources.push_back(&*ups);
  }
  // Nothing is looked at before the node has started, and so is there to be asked and told.
  Node* started_node = nullptr;
  HealthSource health(
      clock,
      health_checks(config.health,
                    {.state_file = config.state_file,
                     .hypervisor_answers = [&] { return started_node->hypervisor_answers(); }}),
      config.health.well_for, [&](const std::string& check, const std::string& text) {
        started_node->set_alarm("health " + check, text);
      });
  sources.push_back(&health);
  ShutdownGate gate(std::move(sources), clock, [] {
    const auto down = system_is_going_down();
    return down && *down;
  });
  Node node({engine, hypervisor, fencer, gate, clock, **journal, watchdog ? &*watchdog : nullptr,
             &announcer},
            node_options(config));
  started_node = &node;
  ups_trouble = [&node](const std::string& text) { node.set_alarm("ups", text); };
  node.set_log([](const std::string& text) { spdlog::info("{}", text); });
  const auto history = node.follow([](const std::vector<HistoryLine>& lines) {
    for (const auto& line : lines) spdlog::info("{} {}", line.subject, line.text);
  });
  StatusDisplay display(
      clock, [&node] { return look_at(node); }, notify_status,
      [&logind] { logind.begin_job(handover_unit); });
  const auto shown = node.follow([&display](const auto& /*lines*/) { display.update(); });
  NodeService service(node, **journal);
  const auto api = HttpServer::listen(io, service, config.api_socket);
  if (!api) return give_up(api.error());
  if (const auto started = node.start(); !started) return give_up(started.error());

  gate.on_exit([&io] { io.stop(); });
  gate.on_stop([&] { node.end([&io] { io.stop(); }); });
  boost::asio::signal_set signals(io, SIGTERM, SIGINT);
  signals.async_wait([&](const boost::system::error_code& error, int /*signal*/) {
    if (!error) gate.asked_to_stop();
  });
  SignOfLife sign_of_life(clock);
  notify_ready();
  spdlog::info("upbeatd {} is up", UPBEAT_RELEASE);
  io.run();
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace upbeat

int main(int argc, char** argv) {
  CLI::App app{
      "upbeatd keeps this host's virtual machines up, with the other hosts of its cluster."};
  std::string config_path = "/etc/upbeat/upbeat.toml";
  app.add_option("--config", config_path, "the configuration file")->capture_default_str();
  app.set_version_flag("--version", UPBEAT_RELEASE);
  CLI11_PARSE(app, argc, argv);

  // The journal of systemd adds the time itself.
  spdlog::set_default_logger(spdlog::stderr_logger_mt("upbeatd"));
  spdlog::set_pattern("%v");
  spdlog::flush_on(spdlog::level::info);
  if (::geteuid() != 0) {
    return upbeat::give_up(
        {"cannot run upbeatd: it needs root, for libvirt, Corosync and its socket; "
         "start it with `systemctl start upbeatd`"});
  }
  const auto config = upbeat::load_config(config_path);
  if (!config) return upbeat::give_up(config.error(), EX_CONFIG);
  // Before anything starts a thread of its own.
  if (const auto first = upbeat::go_before_ordinary_work(); !first) {
    spdlog::warn("{}", first.error().text);
  }
  return upbeat::run(*config);
}
