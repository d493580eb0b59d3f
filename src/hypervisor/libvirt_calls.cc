// SPDX-License-Identifier: Apache-2.0
// The blocking calls to libvirt: each does one thing to a guest and says in a sentence why not.
#include "hypervisor/libvirt_calls.h"

#include <chrono>
#include <cstdlib>
#include <memory>
#include <utility>

#include "hypervisor/domain_network.h"
#include "hypervisor/libvirt_handles.h"
#include "hypervisor/libvirt_session.h"

namespace upbeat::libvirt_calls {
namespace {

/// A guest's state and its job change under our eyes; so often do we look again for a moment in
/// which both belong together.
constexpr int phase_attempts = 4;
/// How QEMU throttles a guest that is slowed down: there is no time for small steps any more.
constexpr int first_throttle_percent = 50;
constexpr int throttle_percent_a_round = 20;
/// What libvirt's driver for QEMU takes for no limit: all that fits its count of bytes.
constexpr unsigned long no_bandwidth_limit_mib_per_s = INT64_MAX / (1UL << 20U);

/// `cannot <attempt>: <libvirt's words>; <what to do>`.
std::unexpected<Error> refused(const std::string& attempt, const std::string& what_to_do) {
  return fail("cannot " + attempt + ": " + last_error_text() + "; " + what_to_do);
}

Result<Domain> find(virConnectPtr connection, const VmId& vm, const std::string& attempt) {
  Domain domain(virDomainLookupByName(connection, vm.get().c_str()));
  if (domain) return domain;
  if (last_error_code() == VIR_ERR_NO_DOMAIN) {
    return fail("cannot " + attempt +
                ": it is not on this host; `upbeat vm list` shows where it is");
  }
  return refused(attempt, "is libvirtd well? see `journalctl -u libvirtd`");
}

struct State {
  int state = VIR_DOMAIN_NOSTATE;
  int reason = 0;

  bool operator==(const State&) const = default;
};

/// Nothing: the guest has vanished.
Result<std::optional<State>> state_of(virDomainPtr domain) {
  State now;
  if (virDomainGetState(domain, &now.state, &now.reason, 0) == 0) return now;
  if (last_error_code() == VIR_ERR_NO_DOMAIN) return std::nullopt;
  return refused("read the state of the guest " + std::string(virDomainGetName(domain)),
                 "is libvirtd well?");
}

enum class Job : std::uint8_t { none, outgoing, incoming, other };

/// What libvirt is doing with the guest. Of a migration in, QEMU's driver tells only that its
/// statistics are to be had at the other end.
Job job_of(virDomainPtr domain) {
  int type = VIR_DOMAIN_JOB_NONE;
  TypedParameters job;
  if (virDomainGetJobStats(domain, &type, job.items(), job.count(), 0) < 0) {
    return last_error_code() == VIR_ERR_OPERATION_UNSUPPORTED ? Job::incoming : Job::other;
  }
  if (type == VIR_DOMAIN_JOB_NONE) return Job::none;
  const auto operation = signed_int(*job.items(), *job.count(), VIR_DOMAIN_JOB_OPERATION);
  if (operation == VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT) return Job::outgoing;
  return operation == VIR_DOMAIN_JOB_OPERATION_MIGRATION_IN ? Job::incoming : Job::other;
}

/// A guest that libvirt has paused for a migration is either not here yet or has left already; its
/// job tells which. Without a job (libvirtd was restarted after the memory was sent) it has left.
GuestPhase phase_of(const State& now, Job job) {
  if (now.state != VIR_DOMAIN_PAUSED) return GuestPhase::running;
  if (now.reason != VIR_DOMAIN_PAUSED_MIGRATION && now.reason != VIR_DOMAIN_PAUSED_STARTING_UP)
    return GuestPhase::running;
  if (job == Job::incoming) return GuestPhase::incoming;
  return now.reason == VIR_DOMAIN_PAUSED_MIGRATION ? GuestPhase::outgoing : GuestPhase::running;
}

/// Nothing: the guest has vanished.
Result<std::optional<Guest>> read_guest(virDomainPtr domain) {
  Guest guest{VmId(virDomainGetName(domain)), {}, 0, GuestPhase::running};
  char uuid[VIR_UUID_STRING_BUFLEN] = {};
  if (virDomainGetUUIDString(domain, uuid) == 0) guest.uuid = uuid;

  auto before = state_of(domain);
  for (int attempt = 0; attempt < phase_attempts; ++attempt) {
    if (!before) return std::unexpected(before.error());
    if (!*before || (*before)->state == VIR_DOMAIN_SHUTOFF) return std::nullopt;
    const Job job = (*before)->state == VIR_DOMAIN_PAUSED ? job_of(domain) : Job::none;
    auto after = state_of(domain);
    if (after && *after == *before) {
      guest.phase = phase_of(**before, job);
      break;
    }
    before = std::move(after);
  }

  virDomainInfo info{};
  if (virDomainGetInfo(domain, &info) == 0) {
    guest.memory_kib = info.maxMem;
    return guest;
  }
  if (last_error_code() == VIR_ERR_NO_DOMAIN) return std::nullopt;
  return refused("read the guest " + guest.vm.get(), "is libvirtd well?");
}

/// libvirt's list, which comes from malloc, as owners of what is in it.
std::vector<Domain> owned(virDomainPtr* list, int count) {
  const std::unique_ptr<virDomainPtr, void (*)(void*)> all(list, &std::free);
  std::vector<Domain> domains;
  for (int i = 0; i < count; ++i) domains.emplace_back(list[i]);
  return domains;
}

/// "QEMU 7.2.15"
std::string kind_of(virConnectPtr connection, unsigned long version) {
  const char* type = virConnectGetType(connection);
  return std::string(type == nullptr ? "hypervisor" : type) + " " +
         std::to_string(version / 1'000'000) + "." + std::to_string(version / 1'000 % 1'000) + "." +
         std::to_string(version % 1'000);
}

}  // namespace

Result<HostFacts> host_facts(virConnectPtr connection) {
  virNodeInfo node{};
  unsigned long version = 0;
  if (virNodeGetInfo(connection, &node) < 0 || virConnectGetVersion(connection, &version) < 0) {
    return refused("read what this host has", "is libvirtd well?");
  }
  HostFacts facts{node.memory, node.cpus, {}};
  // virNodeGetInfo counts the NUMA nodes' memory and misses what was plugged in later.
  int count = 0;
  if (virNodeGetMemoryStats(connection, VIR_NODE_MEMORY_STATS_ALL_CELLS, nullptr, &count, 0) == 0) {
    std::vector<virNodeMemoryStats> stats(static_cast<std::size_t>(count));
    if (virNodeGetMemoryStats(connection, VIR_NODE_MEMORY_STATS_ALL_CELLS, stats.data(), &count,
                              0) == 0) {
      for (const auto& stat : stats) {
        if (std::string(stat.field) == VIR_NODE_MEMORY_STATS_TOTAL) facts.memory_kib = stat.value;
      }
    }
  }
  facts.hypervisor = kind_of(connection, version);
  return facts;
}

Result<std::string> reach(const Destination& to) {
  const std::string attempt = "reach the hypervisor of " + to.node + " at '" + to.libvirt_uri + "'";
  const std::string what_to_do = "see `journalctl -u libvirtd` on both hosts";
  const Connection connection(virConnectOpen(to.libvirt_uri.c_str()));
  if (!connection) return refused(attempt, what_to_do);
  unsigned long version = 0;
  if (virConnectGetVersion(connection.get(), &version) < 0) return refused(attempt, what_to_do);
  return kind_of(connection.get(), version);
}

Result<std::vector<Guest>> inventory(virConnectPtr connection) {
  virDomainPtr* list = nullptr;
  const int count = virConnectListAllDomains(connection, &list, VIR_CONNECT_LIST_DOMAINS_ACTIVE);
  if (count < 0) return refused("list the guests of this host", "is libvirtd well?");

  std::vector<Guest> guests;
  for (const auto& domain : owned(list, count)) {
    auto guest = read_guest(domain.get());
    if (!guest) return std::unexpected(guest.error());
    if (*guest) guests.push_back(std::move(**guest));
  }
  return guests;
}

Result<void> create(virConnectPtr connection, const VmId& vm, const std::string& xml) {
  const std::string attempt = "start " + vm.get() + " on this host";
  const Domain there(virDomainLookupByName(connection, vm.get().c_str()));
  if (there && virDomainIsActive(there.get()) == 1) {
    return fail("cannot " + attempt + ": it is here already; `upbeat vm list` shows it");
  }
  const Domain domain(virDomainCreateXML(connection, xml.c_str(), VIR_DOMAIN_NONE));
  if (domain) return {};
  return refused(attempt, last_error_code() == VIR_ERR_XML_ERROR ||
                                  last_error_code() == VIR_ERR_CONFIG_UNSUPPORTED
                              ? "correct its definition"
                              : "see /var/log/libvirt/qemu/" + vm.get() + ".log on this host");
}

Result<void> shut_down(virConnectPtr connection, const VmId& vm) {
  const std::string attempt = "ask " + vm.get() + " to shut down";
  const auto domain = find(connection, vm, attempt);
  if (!domain) return std::unexpected(domain.error());
  if (virDomainShutdown(domain->get()) == 0) return {};
  return refused(attempt, "it can be forced off");
}

Result<void> destroy(virConnectPtr connection, const VmId& vm) {
  const Domain domain(virDomainLookupByName(connection, vm.get().c_str()));
  if (!domain && last_error_code() == VIR_ERR_NO_DOMAIN) return {};
  if (domain && virDomainDestroy(domain.get()) == 0) return {};
  const auto failure = refused("force " + vm.get() + " off", "fence the host if it stays so");
  if (domain && virDomainIsActive(domain.get()) == 0) return {};
  return domain && last_error_code() == VIR_ERR_NO_DOMAIN ? Result<void>{} : failure;
}

void limit_pause(virConnectPtr connection, const VmId& vm, std::chrono::milliseconds pause) {
  const Domain domain(virDomainLookupByName(connection, vm.get().c_str()));
  if (!domain) return;
  virDomainMigrateSetMaxDowntime(domain.get(), static_cast<unsigned long long>(pause.count()), 0);
}

Result<void> limit_bandwidth(virConnectPtr connection, const VmId& vm,
                             std::optional<std::uint64_t> mib_per_s) {
  const std::string attempt = "limit the bandwidth of the migration of " + vm.get();
  const auto domain = find(connection, vm, attempt);
  if (!domain) return std::unexpected(domain.error());
  if (virDomainMigrateSetMaxSpeed(domain->get(), mib_per_s.value_or(no_bandwidth_limit_mib_per_s),
                                  0) == 0) {
    return {};
  }
  return refused(attempt, "it goes on as it was");
}

Result<MigrationSummary> migrate(virConnectPtr connection, SessionInbox& inbox, const VmId& vm,
                                 const Destination& to, Manner manner) {
  const std::string attempt = "migrate " + vm.get() + " to " + to.node;
  const auto domain = find(connection, vm, attempt);
  if (!domain) return std::unexpected(domain.error());
  TypedParameters parameters;
  if (!to.transfer_uri.empty() && !parameters.add(VIR_MIGRATE_PARAM_URI, to.transfer_uri)) {
    return refused(attempt, "check `transfer_uri` in the configuration");
  }
  unsigned int flags = VIR_MIGRATE_LIVE | VIR_MIGRATE_PEER2PEER;
  if (manner == Manner::slowed_down) {
    flags |= VIR_MIGRATE_AUTO_CONVERGE;
    if (!parameters.add(VIR_MIGRATE_PARAM_AUTO_CONVERGE_INITIAL, first_throttle_percent) ||
        !parameters.add(VIR_MIGRATE_PARAM_AUTO_CONVERGE_INCREMENT, throttle_percent_a_round)) {
      return refused(attempt, "its processors cannot be slowed down");
    }
  }
  inbox.expect_summary(vm);
  const auto begin = std::chrono::steady_clock::now();
  const int failed = virDomainMigrateToURI3(domain->get(), to.libvirt_uri.c_str(),
                                            *parameters.items(), *parameters.count(), flags);
  if (failed != 0) {
    const auto failure =
        refused(attempt, "it runs on here; check that libvirtd of " + to.node + " answers at " +
                             to.libvirt_uri + " and has room for it");
    inbox.forget_summary(vm);
    return failure;
  }
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - begin);
  return inbox.await_summary(vm).value_or(
      MigrationSummary{static_cast<std::uint32_t>(took.count()), 0});
}

Result<void> stand_still(virConnectPtr connection, const VmId& vm) {
  const std::string attempt = "let " + vm.get() + " stand still for its migration";
  const auto domain = find(connection, vm, attempt);
  if (!domain) return std::unexpected(domain.error());
  if (virDomainSuspend(domain->get()) == 0) return {};
  return refused(attempt, "its migration goes on");
}

Result<Abort> abort_migration(virConnectPtr connection, const VmId& vm) {
  const std::string attempt = "give up the migration of " + vm.get();
  const auto domain = find(connection, vm, attempt);
  if (!domain) return std::unexpected(domain.error());
  if (virDomainAbortJob(domain->get()) == 0) return Abort::asked;
  if (last_error_code() == VIR_ERR_OPERATION_INVALID) return Abort::nothing_to_abort;
  return refused(attempt, "it goes on; try again");
}

Result<std::optional<MigrationProgress>> progress(virConnectPtr connection, const VmId& vm) {
  const std::string attempt = "read how far the migration of " + vm.get() + " is";
  const auto domain = find(connection, vm, attempt);
  if (!domain && last_error_code() == VIR_ERR_NO_DOMAIN) return std::nullopt;
  if (!domain) return std::unexpected(domain.error());
  int type = VIR_DOMAIN_JOB_NONE;
  TypedParameters job;
  if (virDomainGetJobStats(domain->get(), &type, job.items(), job.count(), 0) < 0) {
    const auto code = last_error_code();  // it ended while we asked
    if (code == VIR_ERR_NO_DOMAIN || code == VIR_ERR_OPERATION_INVALID) return std::nullopt;
    return refused(attempt, "try again");
  }
  if (type == VIR_DOMAIN_JOB_NONE ||
      signed_int(*job.items(), *job.count(), VIR_DOMAIN_JOB_OPERATION) !=
          VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT) {
    return std::nullopt;
  }
  const auto number = [&job](const char* name) {
    return unsigned_long(*job.items(), *job.count(), name).value_or(0);
  };
  return MigrationProgress{
      number(VIR_DOMAIN_JOB_MEMORY_TOTAL) / 1024, number(VIR_DOMAIN_JOB_MEMORY_REMAINING) / 1024,
      number(VIR_DOMAIN_JOB_MEMORY_BPS) / 1024,
      number(VIR_DOMAIN_JOB_MEMORY_DIRTY_RATE) * number(VIR_DOMAIN_JOB_MEMORY_PAGE_SIZE) / 1024,
      static_cast<std::uint32_t>(number(VIR_DOMAIN_JOB_MEMORY_ITERATION))};
}

Result<GuestNetwork> network(virConnectPtr connection, const VmId& vm) {
  const std::string attempt = "read how " + vm.get() + " hangs on the network";
  const auto domain = find(connection, vm, attempt);
  if (!domain) return std::unexpected(domain.error());
  const std::unique_ptr<char, void (*)(void*)> xml(virDomainGetXMLDesc(domain->get(), 0),
                                                   &std::free);
  if (!xml) return refused(attempt, "is libvirtd well?");
  return read_network(xml.get());
}

Result<void> keep_note(virConnectPtr connection, const VmId& vm, const std::string& note) {
  const std::string attempt = "keep a note with " + vm.get();
  const auto element = note_element(note);
  if (!element) return fail("cannot " + attempt + ": " + element.error().text);
  const auto domain = find(connection, vm, attempt);
  if (!domain) return std::unexpected(domain.error());
  if (virDomainSetMetadata(domain->get(), VIR_DOMAIN_METADATA_ELEMENT, element->c_str(),
                           note_prefix, note_namespace, VIR_DOMAIN_AFFECT_LIVE) == 0) {
    return {};
  }
  return refused(attempt, "it is tried again when there is news");
}

}  // namespace upbeat::libvirt_calls
