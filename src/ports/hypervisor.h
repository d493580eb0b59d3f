// SPDX-License-Identifier: Apache-2.0
// The port for the hypervisor of this host: its guests, and what can be done with them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/addresses.h"
#include "base/result.h"
#include "base/strong.h"
#include "core/move_step.h"

namespace upbeat {

/// How a guest stands on this host right now.
enum class GuestPhase : std::uint8_t {
  running,   ///< it runs, or is paused but complete
  incoming,  ///< a migration brings it in; it does not run here yet
  outgoing,  ///< it has been migrated away and its remains are about to vanish
};

/// A guest that the hypervisor holds now: read from it, never remembered.
struct Guest {
  VmId vm;
  std::string uuid;
  std::uint64_t memory_kib = 0;
  GuestPhase phase = GuestPhase::running;

  bool operator==(const Guest&) const = default;
};

/// A guest's network interface: its end on this host, and the address that its other end has.
struct GuestInterface {
  std::string device;  ///< of this host, "vnet3"
  MacAddress mac;

  bool operator==(const GuestInterface&) const = default;
};

/// How a guest hangs on this host's networks, and what was noted of it.
struct GuestNetwork {
  std::vector<GuestInterface> interfaces;  ///< those that have a device of this host
  std::string note;

  bool operator==(const GuestNetwork&) const = default;
};

/// The longest note that is kept with a guest.
inline constexpr std::size_t guest_note_limit_bytes = 16U << 10U;

/// The host as the hypervisor sees it.
struct HostFacts {
  std::uint64_t memory_kib = 0;
  std::uint32_t cores = 0;
  std::string hypervisor;  ///< for people: "QEMU 7.2.15"

  bool operator==(const HostFacts&) const = default;
};

/// How far a migration is, as the hypervisor tells while it runs.
struct MigrationProgress {
  std::uint64_t memory_total_kib = 0;
  std::uint64_t memory_left_kib = 0;
  std::uint64_t rate_kib_per_s = 0;   ///< memory copied a second
  std::uint64_t dirty_kib_per_s = 0;  ///< memory written anew by the guest a second
  std::uint32_t rounds = 0;

  bool operator==(const MigrationProgress&) const = default;
};

/// What a finished migration was like, in the hypervisor's own words.
struct MigrationSummary {
  std::uint32_t total_ms = 0;
  std::uint32_t downtime_ms = 0;  ///< how long it says that it paused the guest

  bool operator==(const MigrationSummary&) const = default;
};

/// Why a guest vanished from this host.
enum class GoneCause : std::uint8_t {
  shut_down,  ///< from inside, or asked to
  destroyed,  ///< forced off
  crashed,    ///< the guest or its hypervisor process died
  migrated,   ///< it runs elsewhere now
  failed,     ///< it could not begin, or its incoming migration was given up
};

/// What happens on this host, told on the loop's thread.
class HypervisorListener {
 public:
  virtual ~HypervisorListener() = default;
  /// `vm` runs here now: started, resumed at the end of an incoming migration.
  virtual void on_guest_running(const VmId& vm) = 0;
  /// `vm` is here no more.
  virtual void on_guest_gone(const VmId& vm, GoneCause cause) = 0;
  /// The hypervisor can be reached (first after start, and again after it was away): read the
  /// inventory anew, events may have been missed.
  virtual void on_hypervisor_back() = 0;
  /// The hypervisor cannot be reached (libvirtd stopped or hangs); its guests may well go on. The
  /// adapter goes on trying.
  virtual void on_hypervisor_lost(const Error& why) = 0;
};

/// How often an adapter tries to reach a hypervisor that is away.
inline constexpr std::int64_t hypervisor_retry_ms = 500;
/// Calls to the hypervisor that may be under way at once; more wait their turn.
inline constexpr std::size_t hypervisor_worker_limit = 8;

template <class T>
using Done = std::function<void(Result<T>)>;

/// The hypervisor of this host. All calls belong to the loop's thread and none blocks; `done` is
/// called exactly once, in a later turn, on the loop's thread. An error's text is for the operator.
class Hypervisor {
 public:
  Hypervisor() = default;
  Hypervisor(const Hypervisor&) = delete;
  Hypervisor& operator=(const Hypervisor&) = delete;
  virtual ~Hypervisor() = default;

  /// Begins to tell `listener`, which outlives the hypervisor. Once.
  virtual void start(HypervisorListener& listener) = 0;
  virtual void host_facts(Done<HostFacts> done) = 0;
  /// All guests on this host. Complete or an error, never a part.
  virtual void inventory(Done<std::vector<Guest>> done) = 0;
  /// Creates a transient guest and runs it (virDomainCreateXML). Done when it runs.
  virtual void create(const VmId& vm, const std::string& domain_xml, Done<void> done) = 0;
  /// Asks the guest to shut down; done when asked, on_guest_gone tells the end.
  virtual void shut_down(const VmId& vm, Done<void> done) = 0;
  /// Takes the guest's power away. Done when it is gone; a guest that is not there is gone.
  virtual void destroy(const VmId& vm, Done<void> done) = 0;
  /// Moves the guest, live, to the node with this name (virDomainMigrateToURI3). Done with success:
  /// it runs there and is gone from here. Done with an error: it runs on here, unless
  /// on_guest_gone told otherwise, or the hypervisor was lost: then what was asked of it may yet
  /// come true, also of `create`, and migration_progress tells when it can be asked again.
  virtual void migrate(const VmId& vm, const std::string& to_node, Done<MigrationSummary> done) = 0;
  /// Helps a migration under way to its end, by all means up to `step`. Done when that takes
  /// effect, or with an error: none of it leaves this host now, or not yet, or it has no such
  /// means; then it goes on as it was, and asking again may help. What was done to the guest ends
  /// with the migration, however that ends.
  virtual void hasten(const VmId& vm, MoveStep step, Done<void> done) = 0;
  /// Gives up a migration under way; its `migrate` then ends with an error.
  virtual void cancel_migration(const VmId& vm, Done<void> done) = 0;
  /// Opens the connection that a migration to the node with this name would take, and closes it:
  /// what the hypervisor there is ("QEMU 7.2.15"), or why no guest can go there. It may take long
  /// where nothing answers at all.
  virtual void reach(const std::string& node, Done<std::string> done) = 0;
  /// How far the guest's migration is; nothing if none of it leaves this host now, and an error if
  /// the hypervisor cannot tell.
  virtual void migration_progress(const VmId& vm, Done<std::optional<MigrationProgress>> done) = 0;
  /// Copies no more than so many MiB of the guest's memory in a second, or as much as there is room
  /// for: in its migration under way, whoever began that. Done when it holds, or where none is
  /// under way. While one is made ready it may be forgotten: say it again.
  virtual void limit_bandwidth(const VmId& vm, std::optional<std::uint64_t> mib_per_s,
                               Done<void> done) = 0;
  /// How the guest, which is on this host, hangs on its networks.
  virtual void network(const VmId& vm, Done<GuestNetwork> done) = 0;
  /// Keeps `note`, plain text, with the running guest instead of the one before. It goes with the
  /// guest wherever it migrates, and goes when the guest ends. Refused while it migrates.
  virtual void keep_note(const VmId& vm, const std::string& note, Done<void> done) = 0;
};

}  // namespace upbeat
