// SPDX-License-Identifier: Apache-2.0
// Hosts with guests in virtual time, and everything that can go wrong with them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ports/clock.h"
#include "ports/hypervisor.h"

namespace upbeat {

class SimulatedHypervisor;
class SimulatedHosts;
struct DomainFacts;
struct SimulatedMigration;

/// Whether a guest shuts down when it is asked to.
enum class ShutdownManner : std::uint8_t { obeys, refuses };

/// How a guest behaves, wherever it runs.
struct GuestTraits {
  std::int64_t start_ms = 300;   ///< from the call to running
  std::int64_t boot_ms = 4'000;  ///< from running to answering
  std::int64_t shutdown_ms = 1'500;
  ShutdownManner manner = ShutdownManner::obeys;
  std::int64_t life_ms = 0;               ///< powers itself off so long after it boots; 0: never
  std::uint64_t dirty_kib_per_s = 1'024;  ///< memory that it writes anew
  std::uint64_t working_set_kib = 0;      ///< and what of it: no more is dirty ever; 0: all
  std::uint64_t migration_kib_per_s = 0;  ///< limit of its migrations; 0: the wire's

  bool operator==(const GuestTraits&) const = default;
};

/// What all hosts share. Times and rates as measured with libvirt 9.0 and QEMU 7.2.
struct SimulatedTraits {
  std::int64_t call_ms = 1;                 ///< a call to the hypervisor takes at least this
  std::int64_t prepare_ms = 250;            ///< of a migration, until the target takes memory
  std::int64_t switchover_ms = 40;          ///< the guest stands still, besides the memory left
  std::int64_t cleanup_ms = 220;            ///< until a guest that is taken away is gone
  std::int64_t keepalive_ms = 5'000;        ///< until a hung hypervisor is given up by its client
  std::int64_t connect_timeout_ms = 3'000;  ///< until a host that does not answer is given up
  std::int64_t peer_timeout_ms = 30'000;    ///< until one end of a migration gives up the other
  std::uint64_t wire_kib_per_s = 400'000;   ///< that a host's migrations share
};

/// Which end of a migration refuses it.
enum class MigrationEnd : std::uint8_t { source, target };

/// One machine: its power, its hypervisor, its guests. Made by SimulatedHosts::add.
class SimulatedHost {
 public:
  SimulatedHost(SimulatedHosts& world, std::string name, HostFacts facts);
  SimulatedHost(const SimulatedHost&) = delete;
  SimulatedHost& operator=(const SimulatedHost&) = delete;
  ~SimulatedHost();

  // What befalls it.
  /// All guests vanish, and no call and no event of this life ever comes back.
  void cut_power();
  /// Comes up without guests, its hypervisor running.
  void power_on();
  /// The hypervisor's daemon ends; guests run on, migrations are given up.
  void stop_hypervisor();
  /// The daemon stands still; calls and events wait, migrations do not get past their next phase.
  void hang_hypervisor();
  /// The daemon starts, or goes on: then it does what it was asked for while it hung.
  void start_hypervisor();
  /// The guest's process dies.
  void kill_guest(const VmId& vm);
  /// The guest powers itself off.
  void power_off_guest(const VmId& vm);
  void fail_next_start(std::string why) { start_failure_ = std::move(why); }
  /// The guest has run here since before anybody looked.
  void begin_with(const VmId& vm, const std::string& uuid, std::uint64_t memory_kib);
  /// The next migration that leaves (source) or comes in (target) fails, with `why`.
  void fail_next_migration(MigrationEnd end, std::string why);

  // What is true, for checkers.
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const HostFacts& facts() const { return facts_; }
  [[nodiscard]] bool powered() const { return powered_; }
  [[nodiscard]] std::vector<Guest> guests() const;
  /// Whether the guest executes here: no, while it is incoming or outgoing.
  [[nodiscard]] bool runs(const VmId& vm) const;
  /// Whether it runs here and has booted.
  [[nodiscard]] bool answers(const VmId& vm) const;

 private:
  friend class SimulatedHypervisor;
  friend class SimulatedHosts;
  friend struct SimulatedMigration;

  enum class Daemon : std::uint8_t { up, hung, down };
  struct Running {
    Guest guest;
    MonotonicTime answers_from{};
    std::uint64_t instance = 0;  ///< tells two lives of a guest apart
    std::vector<GuestInterface> interfaces;
    std::string note;
  };

  /// Does `work` when the daemon gets to it: now, after a hang, or never.
  void perform(std::function<void()> work);
  /// Calls after `delay_ms`, unless the power goes in between.
  void later(std::int64_t delay_ms, std::function<void()> call);
  void tell(std::function<void(HypervisorListener&)> news);
  void tell_running(const VmId& vm);
  void remove(const VmId& vm, GoneCause cause);
  [[nodiscard]] std::optional<std::uint64_t> instance(const VmId& vm) const;
  [[nodiscard]] std::uint64_t free_kib() const;
  void changed(const VmId& vm, std::optional<GoneCause> gone = {}) const;
  void run_guest(const VmId& vm, MonotonicTime answers_from);

  Result<void> begin_start(const VmId& vm, const DomainFacts& facts);
  void finish_start(const VmId& vm, const std::function<void(Result<void>)>& done);
  void shut_down(const VmId& vm);

  SimulatedHosts& world_;
  std::string name_;
  HostFacts facts_;
  bool powered_ = true;
  Daemon daemon_ = Daemon::up;
  std::uint64_t life_ = 0;  ///< counts power cuts
  std::uint64_t hangs_ = 0;
  std::map<VmId, Running> guests_;
  std::vector<std::function<void()>> asked_while_hung_;
  SimulatedHypervisor* client_ = nullptr;
  std::optional<std::string> start_failure_;
  std::map<MigrationEnd, std::string> migration_failures_;
  std::map<VmId, std::uint64_t> bandwidth_kib_per_s_;  ///< of migrations that leave; 0: no limit
};

/// All hosts, and the wires between them. Belongs to the clock's thread; draws no chance: the same
/// calls at the same times give the same run.
class SimulatedHosts {
 public:
  explicit SimulatedHosts(Clock& clock, SimulatedTraits traits = {});
  SimulatedHosts(const SimulatedHosts&) = delete;
  SimulatedHosts& operator=(const SimulatedHosts&) = delete;
  ~SimulatedHosts();

  SimulatedHost& add(const std::string& name, HostFacts facts);
  [[nodiscard]] SimulatedHost& host(const std::string& name) { return *hosts_.at(name); }
  [[nodiscard]] const SimulatedHost& host(const std::string& name) const {
    return *hosts_.at(name);
  }
  [[nodiscard]] SimulatedHost* find(const std::string& name);
  /// From now on; a guest without traits of its own has the default ones.
  void set_traits(const VmId& vm, GuestTraits traits) { guest_traits_[vm] = traits; }
  [[nodiscard]] GuestTraits traits(const VmId& vm) const;
  /// The next starts of the guest fail, wherever they are tried.
  void fail_next_starts(const VmId& vm, std::uint32_t times) { start_failures_[vm] = times; }
  /// Is told, at once, whenever something becomes different about a guest on a host; `gone`: it is
  /// there no more. Not told of what a host's power takes with it.
  void watch(
      std::function<void(const SimulatedHost&, const VmId&, std::optional<GoneCause>)> watcher) {
    watcher_ = std::move(watcher);
  }
  /// No migration passes between the two any more, in either direction, or again.
  void cut_wire(const std::string& a, const std::string& b);
  void mend_wire(const std::string& a, const std::string& b);
  /// The hosts that execute the guest: never more than one, or the world is broken.
  [[nodiscard]] std::vector<std::string> run_by(const VmId& vm) const;

  [[nodiscard]] Clock& clock() { return clock_; }
  [[nodiscard]] const SimulatedTraits& traits() const { return traits_; }

 private:
  friend class SimulatedHost;
  friend class SimulatedHypervisor;
  friend struct SimulatedMigration;

  /// A call that is due later; with a host only in that life of it.
  struct Pending {
    Timer timer;
    std::function<void()> call;
    const SimulatedHost* host = nullptr;
    std::uint64_t life = 0;
  };

  void later(std::int64_t delay_ms, std::function<void()> call, const SimulatedHost* host = nullptr,
             std::uint64_t life = 0);
  void run(std::uint64_t id);
  [[nodiscard]] bool connected(const SimulatedHost& a, const SimulatedHost& b) const;
  [[nodiscard]] std::uint64_t next_instance() { return ++instances_; }
  [[nodiscard]] SimulatedMigration* migration(const SimulatedHost& source, const VmId& vm);
  /// Ends every migration that the host's daemon has a hand in.
  void abort_migrations(const SimulatedHost& host, const std::string& why);
  /// A guest that takes part in a migration has gone at one of its ends.
  void guest_left(const SimulatedHost& host, const VmId& vm);

  Clock& clock_;
  SimulatedTraits traits_;
  std::map<std::string, std::unique_ptr<SimulatedHost>> hosts_;
  std::map<VmId, GuestTraits> guest_traits_;
  std::map<VmId, std::uint32_t> start_failures_;
  std::function<void(const SimulatedHost&, const VmId&, std::optional<GoneCause>)> watcher_;
  std::set<std::pair<std::string, std::string>> cut_wires_;
  std::map<std::uint64_t, std::shared_ptr<SimulatedMigration>> migrations_;
  std::map<std::uint64_t, Pending> pending_;
  std::uint64_t next_pending_ = 0;
  std::uint64_t next_migration_ = 0;
  std::uint64_t instances_ = 0;
};

}  // namespace upbeat
