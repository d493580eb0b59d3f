// SPDX-License-Identifier: Apache-2.0
// The hypervisor port on libvirt: QEMU/KVM, Xen, whatever its connection URI names.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "clock/workers.h"
#include "ports/clock.h"
#include "ports/hypervisor.h"

namespace upbeat {

class LibvirtSession;
struct GuestChange;

/// Where libvirt is. `{node}` stands for the name of the node that a guest migrates to, which the
/// libvirtd here has to be able to resolve. See https://libvirt.org/uri.html
struct LibvirtOptions {
  std::string uri = "qemu:///system";                    ///< the libvirtd of this host
  std::string migrate_uri = "qemu+tcp://{node}/system";  ///< the libvirtd of another
  std::string transfer_uri = "tcp://{node}";  ///< where a guest's memory is sent; empty: the
                                              ///< address that the target's host name resolves to
};

/// Jobs that may wait for a worker; a further call fails at once.
inline constexpr std::size_t hypervisor_waiting_limit = 512;
/// A libvirtd that takes the connection and says nothing is lost after this time.
inline constexpr std::int64_t connect_patience_ms = 3'000;

/// libvirt's C API behind the port.
///
/// Threads: libvirt's event loop has one (LibvirtLoop), blocking calls run on
/// `hypervisor_worker_limit` workers: half of them for calls that end soon, half for migrations and
/// starts, so that there is always one free to cancel a migration. Everything comes back through
/// `clock`, which outlives the adapter. Destroying it does not wait for a hung libvirtd.
class LibvirtHypervisor final : public Hypervisor {
 public:
  LibvirtHypervisor(Clock& clock, LibvirtOptions options);
  LibvirtHypervisor(const LibvirtHypervisor&) = delete;
  LibvirtHypervisor& operator=(const LibvirtHypervisor&) = delete;
  ~LibvirtHypervisor() override;

  void start(HypervisorListener& listener) override;
  void host_facts(Done<HostFacts> done) override;
  void inventory(Done<std::vector<Guest>> done) override;
  void create(const VmId& vm, const std::string& domain_xml, Done<void> done) override;
  void shut_down(const VmId& vm, Done<void> done) override;
  void destroy(const VmId& vm, Done<void> done) override;
  void migrate(const VmId& vm, const std::string& to_node, Done<MigrationSummary> done) override;
  void hasten(const VmId& vm, MoveStep step, Done<void> done) override;
  void cancel_migration(const VmId& vm, Done<void> done) override;
  void reach(const std::string& node, Done<std::string> done) override;
  void migration_progress(const VmId& vm, Done<std::optional<MigrationProgress>> done) override;
  void limit_bandwidth(const VmId& vm, std::optional<std::uint64_t> mib_per_s,
                       Done<void> done) override;
  void network(const VmId& vm, Done<GuestNetwork> done) override;
  void keep_note(const VmId& vm, const std::string& note, Done<void> done) override;

 private:
  struct Migration;
  struct Attempt;
  using SessionPtr = std::shared_ptr<LibvirtSession>;

  void connect();
  void connected(std::uint64_t attempt, Result<SessionPtr> session);
  void disconnected(std::uint64_t attempt, const std::string& why);
  void retry_later();
  void tell_lost(const Error& why);
  void tell(const GuestChange& change);
  void let_go(SessionPtr session);
  static Result<MigrationSummary> carry_out(Migration& migration, const Attempt& attempt);

  template <class T, class Work>
  void call(Workers& workers, const std::string& what, Done<T> done, Work work);
  template <class T>
  std::function<void(Result<T>)> come_back(Done<T> done);

  Clock& clock_;
  LibvirtOptions options_;
  HypervisorListener* listener_ = nullptr;
  SessionPtr session_;         ///< none while libvirtd cannot be reached
  std::uint64_t attempt_ = 0;  ///< of connecting; tells the news of one session from another's
  bool told_lost_ = false;
  Timer retry_;
  Timer patience_;
  std::map<VmId, std::shared_ptr<Migration>> migrations_;  ///< queued and under way
  std::set<VmId> limited_;  ///< whose limit libvirt may have kept from an earlier migration
  std::map<std::uint64_t, std::shared_ptr<void>> unanswered_;  ///< the `done`s of calls under way
  std::uint64_t next_call_ = 0;
  std::shared_ptr<Home> home_;
  Workers quick_;
  Workers slow_;
  Workers peers_;  ///< for connections that nobody waits for who has anything to do
};

}  // namespace upbeat
