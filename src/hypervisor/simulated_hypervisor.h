// SPDX-License-Identifier: Apache-2.0
// The hypervisor port's twin: a daemon's view of one simulated host, in virtual time.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "hypervisor/simulated_hosts.h"
#include "ports/hypervisor.h"

namespace upbeat {

/// Lives as long as the daemon that uses it; the host outlives it, and its guests go on. A host has
/// one at a time. After a power cut nothing comes back any more: the host's next life wants a new
/// one.
class SimulatedHypervisor : public Hypervisor {
 public:
  explicit SimulatedHypervisor(SimulatedHost& host);
  SimulatedHypervisor(const SimulatedHypervisor&) = delete;
  SimulatedHypervisor& operator=(const SimulatedHypervisor&) = delete;
  ~SimulatedHypervisor() override;

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
  friend class SimulatedHost;

  void lost(const std::string& why);
  void may_come_back();
  void fall_silent() { host_ = nullptr; }
  void hear(const std::function<void(HypervisorListener&)>& news);
  void come_back();

  template <class T>
  using Answer = std::function<void(Result<T>)>;
  /// Has the host do `work`, which answers now or later, and takes the answer to `done`.
  template <class T>
  void call(const std::string& what, Done<T> done, std::function<void(Answer<T>)> work);
  void post(std::function<void()> call);

  SimulatedHost* host_;  ///< null after its power was cut
  SimulatedHosts& world_;
  HypervisorListener* listener_ = nullptr;
  bool connected_ = false;
  bool told_lost_ = false;
  std::map<std::uint64_t, std::function<void(const Error&)>> calls_;  ///< under way; how they fail
  std::uint64_t next_call_ = 0;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace upbeat
