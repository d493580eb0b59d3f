// SPDX-License-Identifier: Apache-2.0
// The blocking calls to libvirt: each does one thing to a guest and says in a sentence why not.
#pragma once

#include <libvirt/libvirt.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "ports/hypervisor.h"

namespace upbeat {
class SessionInbox;
}

/// For workers' threads only. The meaning of each is that of the Hypervisor port.
namespace upbeat::libvirt_calls {

/// Where a migration goes.
struct Destination {
  std::string node;          ///< for people
  std::string libvirt_uri;   ///< the libvirtd there, "qemu+tcp://node1/system"
  std::string transfer_uri;  ///< where the memory goes, "tcp://node1"; empty: as the target says
};

/// What a migration does to its guest while it is copied.
enum class Manner : std::uint8_t { live, slowed_down };

enum class Abort : std::uint8_t { asked, nothing_to_abort };

[[nodiscard]] Result<HostFacts> host_facts(virConnectPtr connection);
[[nodiscard]] Result<std::vector<Guest>> inventory(virConnectPtr connection);
[[nodiscard]] Result<void> create(virConnectPtr connection, const VmId& vm, const std::string& xml);
[[nodiscard]] Result<void> shut_down(virConnectPtr connection, const VmId& vm);
[[nodiscard]] Result<void> destroy(virConnectPtr connection, const VmId& vm);
/// How long the guest may stand still at the end of its migration, under way or yet to come
/// (virDomainMigrateSetMaxDowntime). A driver that cannot do it (Xen's) keeps its own limit.
void limit_pause(virConnectPtr connection, const VmId& vm, std::chrono::milliseconds pause);
/// How much of the guest's memory is copied a second, in its migration under way or yet to come
/// (virDomainMigrateSetMaxSpeed); nothing: as much as there is room for.
[[nodiscard]] Result<void> limit_bandwidth(virConnectPtr connection, const VmId& vm,
                                           std::optional<std::uint64_t> mib_per_s);
/// `inbox` hears the statistics of the migration, on whichever connection.
[[nodiscard]] Result<MigrationSummary> migrate(virConnectPtr connection, SessionInbox& inbox,
                                               const VmId& vm, const Destination& to,
                                               Manner manner);
/// Pauses a guest that is being copied; it goes on where it is when the migration has ended.
[[nodiscard]] Result<void> stand_still(virConnectPtr connection, const VmId& vm);
/// Gives the running migration of the guest up.
[[nodiscard]] Result<Abort> abort_migration(virConnectPtr connection, const VmId& vm);
/// Nothing if libvirt knows of no migration of this guest.
[[nodiscard]] Result<std::optional<MigrationProgress>> progress(virConnectPtr connection,
                                                                const VmId& vm);
[[nodiscard]] Result<GuestNetwork> network(virConnectPtr connection, const VmId& vm);
/// The note is an element of the live domain's metadata, which libvirt takes along.
[[nodiscard]] Result<void> keep_note(virConnectPtr connection, const VmId& vm,
                                     const std::string& note);

/// What the hypervisor of another host is. Opens a connection of its own; where nothing answers, as
/// long as the system's own patience lasts.
[[nodiscard]] Result<std::string> reach(const Destination& to);

}  // namespace upbeat::libvirt_calls
