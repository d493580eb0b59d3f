// SPDX-License-Identifier: Apache-2.0
// The hypervisor port on libvirt: which thread does what, and being connected or not.
#include "hypervisor/libvirt_hypervisor.h"

#include <chrono>
#include <condition_variable>
#include <utility>

#include "hypervisor/domain_xml.h"
#include "hypervisor/libvirt_calls.h"
#include "hypervisor/libvirt_session.h"

namespace upbeat {
namespace {

using std::chrono::milliseconds;

/// libvirt refuses to abort a migration whose preparations have not reached it yet: how often and
/// after which pause it is asked again. The end of the migration ends the pause.
constexpr int abort_attempts = 50;
constexpr milliseconds abort_pause{100};

std::string with_node(std::string pattern, const std::string& node) {
  static constexpr std::string_view slot = "{node}";
  for (auto at = pattern.find(slot); at != std::string::npos; at = pattern.find(slot, at)) {
    pattern.replace(at, slot.size(), node);
    at += node.size();
  }
  return pattern;
}

}  // namespace

/// MiB/s, or as much as there is room for; or nothing was said of it.
using Bandwidth = std::optional<std::optional<std::uint64_t>>;

/// A migration that we were asked for; shared by the loop and the workers.
struct LibvirtHypervisor::Migration {
  std::mutex mutex;
  std::condition_variable changed;
  bool cancelled = false;
  bool begun = false;
  bool ended = false;
  bool slowed_down = false;
  bool begins_anew = false;  ///< the attempt under way ends for another to follow
  std::optional<std::uint64_t> mib_per_s;
  bool limited = false;  ///< its bandwidth was, if only for a time
};

/// `run` migrates the guest in a manner; blocking.
struct LibvirtHypervisor::Attempt {
  std::string what;  ///< for people
  std::function<Result<MigrationSummary>(libvirt_calls::Manner, const Bandwidth&)> run;
};

/// Runs one attempt after another until one ends that was to be the last.
Result<MigrationSummary> LibvirtHypervisor::carry_out(Migration& migration,
                                                      const Attempt& attempt) {
  while (true) {
    auto manner = libvirt_calls::Manner::live;
    Bandwidth bandwidth;
    {
      const std::lock_guard lock(migration.mutex);
      if (migration.cancelled) {
        return fail("cannot " + attempt.what +
                    ": it was cancelled before it began; it runs on here");
      }
      migration.begun = true;
      migration.begins_anew = false;
      if (migration.slowed_down) manner = libvirt_calls::Manner::slowed_down;
      if (migration.limited) bandwidth = migration.mib_per_s;
    }
    auto result = attempt.run(manner, bandwidth);
    const std::lock_guard lock(migration.mutex);
    if (!result && migration.begins_anew && !migration.cancelled) continue;
    migration.ended = true;
    migration.changed.notify_all();
    return result;
  }
}

LibvirtHypervisor::LibvirtHypervisor(Clock& clock, LibvirtOptions options)
    : clock_(clock),
      options_(std::move(options)),
      home_(std::make_shared<Home>(clock)),
      quick_(calls_a_connection, hypervisor_waiting_limit),
      slow_(calls_a_connection, hypervisor_waiting_limit),
      peers_(calls_a_connection, hypervisor_waiting_limit) {
  static_assert(2 * calls_a_connection == hypervisor_worker_limit);
}

LibvirtHypervisor::~LibvirtHypervisor() {
  home_->close();
  let_go(std::move(session_));
}

void LibvirtHypervisor::start(HypervisorListener& listener) {
  listener_ = &listener;
  connect();
}

void LibvirtHypervisor::connect() {
  const auto attempt = ++attempt_;
  const auto closed = [home = std::weak_ptr(home_), this, attempt](const std::string& why) {
    if (const auto way = home.lock()) way->post([=, this] { disconnected(attempt, why); });
  };
  const auto changed = [home = std::weak_ptr(home_), this](const GuestChange& change) {
    if (const auto way = home.lock()) way->post([=, this] { tell(change); });
  };
  const bool queued = quick_.run([=, this, home = home_, uri = options_.uri] {
    auto session = LibvirtSession::open(uri, {changed, closed});
    home->post([=, this, session = std::move(session)]() mutable {
      connected(attempt, std::move(session));
    });
  });
  if (!queued) return retry_later();
  patience_ = clock_.after(milliseconds(connect_patience_ms), [this] {
    tell_lost({"cannot reach the hypervisor at '" + options_.uri + "': it does not answer; is " +
               "libvirtd well? see `journalctl -u libvirtd`; Upbeat goes on trying"});
  });
}

void LibvirtHypervisor::connected(std::uint64_t attempt, Result<SessionPtr> session) {
  if (attempt != attempt_) return let_go(session ? std::move(*session) : nullptr);
  patience_.cancel();
  if (!session) {
    tell_lost(session.error());
    return retry_later();
  }
  session_ = std::move(*session);
  told_lost_ = false;
  listener_->on_hypervisor_back();
  session_->inbox().open();
}

void LibvirtHypervisor::disconnected(std::uint64_t attempt, const std::string& why) {
  if (attempt != attempt_) return;
  ++attempt_;
  let_go(std::move(session_));
  session_ = nullptr;
  patience_.cancel();
  tell_lost({"lost the hypervisor at '" + options_.uri + "': " + why +
             "; its guests may well go on; see `journalctl -u libvirtd`; Upbeat goes on trying"});
  retry_later();
}

void LibvirtHypervisor::retry_later() {
  retry_ = clock_.after(milliseconds(hypervisor_retry_ms), [this] { connect(); });
}

void LibvirtHypervisor::tell_lost(const Error& why) {
  if (std::exchange(told_lost_, true)) return;
  listener_->on_hypervisor_lost(why);
}

void LibvirtHypervisor::tell(const GuestChange& change) {
  if (change.gone) {
    listener_->on_guest_gone(change.vm, *change.gone);
  } else {
    listener_->on_guest_running(change.vm);
  }
}

/// Closing a connection may block, so the last owner of a session has to be a worker.
void LibvirtHypervisor::let_go(SessionPtr session) {
  if (!session) return;
  auto last = std::make_shared<SessionPtr>(std::move(session));
  if (!quick_.run([last] { last->reset(); })) {
    std::thread([last = std::move(last)] { last->reset(); }).detach();
  }
}

/// Keeps `done` here, on the loop's side, and gives a function for the worker that finds it again.
template <class T>
std::function<void(Result<T>)> LibvirtHypervisor::come_back(Done<T> done) {
  const auto id = next_call_++;
  auto kept = std::make_shared<Done<T>>(std::move(done));
  std::weak_ptr<Done<T>> weak = kept;
  unanswered_.emplace(id, std::move(kept));
  return [this, id, weak, home = home_](Result<T> result) {
    home->post([this, id, weak, result = std::move(result)]() mutable {
      const auto waiting = weak.lock();
      unanswered_.erase(id);
      if (waiting) (*waiting)(std::move(result));
    });
  };
}

/// Runs `work(session)` on a worker and `done` with its result on the loop.
template <class T, class Work>
void LibvirtHypervisor::call(Workers& workers, const std::string& what, Done<T> done, Work work) {
  auto answer = come_back<T>(std::move(done));
  if (!session_) {
    return answer(fail("cannot " + what + ": the hypervisor at '" + options_.uri +
                       "' cannot be reached; is libvirtd running?"));
  }
  const bool queued = workers.run(
      [session = session_, work = std::move(work), answer]() { answer(work(*session)); });
  if (!queued) {
    answer(fail("cannot " + what + ": " + std::to_string(hypervisor_waiting_limit) +
                " calls to the hypervisor wait already; is libvirtd well?"));
  }
}

void LibvirtHypervisor::host_facts(Done<HostFacts> done) {
  call<HostFacts>(quick_, "read what this host has", std::move(done), [](LibvirtSession& session) {
    return libvirt_calls::host_facts(session.quick());
  });
}

void LibvirtHypervisor::inventory(Done<std::vector<Guest>> done) {
  call<std::vector<Guest>>(
      quick_, "list the guests of this host", std::move(done),
      [](LibvirtSession& session) { return libvirt_calls::inventory(session.quick()); });
}

void LibvirtHypervisor::create(const VmId& vm, const std::string& domain_xml, Done<void> done) {
  call<void>(slow_, "start " + vm.get(), std::move(done),
             [vm, domain_xml](LibvirtSession& session) -> Result<void> {
               const auto facts = read_domain_of(vm, domain_xml);
               if (!facts) return std::unexpected(facts.error());
               return libvirt_calls::create(session.slow(), vm, domain_xml);
             });
}

void LibvirtHypervisor::shut_down(const VmId& vm, Done<void> done) {
  call<void>(
      quick_, "ask " + vm.get() + " to shut down", std::move(done),
      [vm](LibvirtSession& session) { return libvirt_calls::shut_down(session.quick(), vm); });
}

void LibvirtHypervisor::destroy(const VmId& vm, Done<void> done) {
  call<void>(quick_, "force " + vm.get() + " off", std::move(done),
             [vm](LibvirtSession& session) { return libvirt_calls::destroy(session.quick(), vm); });
}

void LibvirtHypervisor::migrate(const VmId& vm, const std::string& to_node,
                                Done<MigrationSummary> done) {
  const std::string what = "migrate " + vm.get() + " to " + to_node;
  if (migrations_.contains(vm)) {
    return come_back<MigrationSummary>(std::move(done))(
        fail("cannot " + what + ": a migration of it is under way already; wait for its end"));
  }
  auto migration = std::make_shared<Migration>();
  migration->limited = limited_.contains(vm);
  migrations_.emplace(vm, migration);
  auto ended = [this, vm, done = std::move(done)](Result<MigrationSummary> result) {
    migrations_.erase(vm);
    done(std::move(result));
  };
  const libvirt_calls::Destination to{to_node, with_node(options_.migrate_uri, to_node),
                                      with_node(options_.transfer_uri, to_node)};
  call<MigrationSummary>(
      slow_, what, std::move(ended),
      [vm, to, what, migration](LibvirtSession& session) -> Result<MigrationSummary> {
        auto end = carry_out(
            *migration,
            {what, [&](libvirt_calls::Manner manner, const Bandwidth& bandwidth) {
               const bool slowed_down = manner == libvirt_calls::Manner::slowed_down;
               libvirt_calls::limit_pause(
                   session.slow(), vm,
                   pause_limit(slowed_down ? MoveStep::slowed_down : MoveStep::live));
               // Unless we were told, it is for others to say (`virsh migrate-setspeed`).
               if (bandwidth) {
                 static_cast<void>(libvirt_calls::limit_bandwidth(session.slow(), vm, *bandwidth));
               }
               return libvirt_calls::migrate(session.slow(), session.inbox(), vm, to, manner);
             }});
        const std::lock_guard lock(migration->mutex);
        if (!end && migration->limited) {
          // What held for this one libvirt would keep for the next.
          static_cast<void>(libvirt_calls::limit_bandwidth(session.slow(), vm, std::nullopt));
        }
        return end;
      });
}

void LibvirtHypervisor::hasten(const VmId& vm, MoveStep step, Done<void> done) {
  std::shared_ptr<Migration> ours;
  if (const auto found = migrations_.find(vm); found != migrations_.end()) ours = found->second;
  const std::string what = "hasten the migration of " + vm.get();
  call<void>(quick_, what, std::move(done),
             [vm, step, ours, what](LibvirtSession& session) -> Result<void> {
               const auto now = libvirt_calls::progress(session.quick(), vm);
               if (!now) return std::unexpected(now.error());
               // While the target is made ready, a guest that is paused would stay so for good.
               if (!*now || (*now)->memory_total_kib == 0) {
                 return fail("cannot " + what + ": none of it is copied yet");
               }
               libvirt_calls::limit_pause(session.quick(), vm, pause_limit(step));
               if (step == MoveStep::stand_still) {
                 return libvirt_calls::stand_still(session.quick(), vm);
               }
               if (step < MoveStep::slowed_down) return {};
               if (!ours) return fail("cannot " + what + ": it was begun by another");
               {
                 const std::lock_guard lock(ours->mutex);
                 if (ours->ended || std::exchange(ours->slowed_down, true)) return {};
                 ours->begins_anew = true;
               }
               const auto abort = libvirt_calls::abort_migration(session.quick(), vm);
               if (abort) return {};
               return std::unexpected(abort.error());
             });
}

void LibvirtHypervisor::cancel_migration(const VmId& vm, Done<void> done) {
  std::shared_ptr<Migration> ours;
  if (const auto found = migrations_.find(vm); found != migrations_.end()) ours = found->second;
  call<void>(quick_, "give up the migration of " + vm.get(), std::move(done),
             [vm, ours](LibvirtSession& session) -> Result<void> {
               for (int attempt = 0; attempt < abort_attempts; ++attempt) {
                 std::unique_lock<std::mutex> lock;
                 if (ours) {
                   lock = std::unique_lock(ours->mutex);
                   ours->cancelled = true;
                   if (!ours->begun) return {};
                   if (ours->ended) break;
                   lock.unlock();
                 }
                 const auto abort = libvirt_calls::abort_migration(session.quick(), vm);
                 if (!abort) return std::unexpected(abort.error());
                 if (*abort == libvirt_calls::Abort::asked) return {};
                 if (!ours) break;
                 lock.lock();
                 ours->changed.wait_for(lock, abort_pause, [&] { return ours->ended; });
               }
               return fail("cannot give up the migration of " + vm.get() +
                           ": none is under way; see where it runs with `upbeat vm list`");
             });
}

void LibvirtHypervisor::reach(const std::string& node, Done<std::string> done) {
  auto answer = come_back<std::string>(std::move(done));
  const libvirt_calls::Destination to{node, with_node(options_.migrate_uri, node), {}};
  if (!peers_.run([to, answer] { answer(libvirt_calls::reach(to)); })) {
    answer(fail("cannot reach the hypervisor of " + node + ": " +
                std::to_string(hypervisor_waiting_limit) + " such calls wait already"));
  }
}

void LibvirtHypervisor::migration_progress(const VmId& vm,
                                           Done<std::optional<MigrationProgress>> done) {
  using Read = std::optional<MigrationProgress>;
  auto judge = [this, vm, done = std::move(done)](const Result<Read>& read) {
    // Ours, and still in its preparations: nothing is copied yet.
    if (read && !*read && migrations_.contains(vm)) return done(Read(MigrationProgress{}));
    done(read);
  };
  call<Read>(
      quick_, "read how far the migration of " + vm.get() + " is", std::move(judge),
      [vm](LibvirtSession& session) { return libvirt_calls::progress(session.quick(), vm); });
}

void LibvirtHypervisor::limit_bandwidth(const VmId& vm, std::optional<std::uint64_t> mib_per_s,
                                        Done<void> done) {
  const std::string what = "limit the bandwidth of the migration of " + vm.get();
  std::shared_ptr<Migration> ours;
  if (const auto found = migrations_.find(vm); found != migrations_.end()) {
    ours = found->second;
    limited_.insert(vm);
  }
  call<void>(quick_, what, std::move(done),
             [vm, mib_per_s, ours](LibvirtSession& session) -> Result<void> {
               if (ours) {
                 const std::lock_guard lock(ours->mutex);
                 ours->mib_per_s = mib_per_s;
                 ours->limited = true;
                 if (!ours->begun || ours->ended) return {};
               } else if (const auto now = libvirt_calls::progress(session.quick(), vm);
                          !now || !*now) {
                 return now ? Result<void>{} : std::unexpected(now.error());
               }
               return libvirt_calls::limit_bandwidth(session.quick(), vm, mib_per_s);
             });
}

void LibvirtHypervisor::network(const VmId& vm, Done<GuestNetwork> done) {
  call<GuestNetwork>(
      quick_, "read how " + vm.get() + " hangs on the network", std::move(done),
      [vm](LibvirtSession& session) { return libvirt_calls::network(session.quick(), vm); });
}

void LibvirtHypervisor::keep_note(const VmId& vm, const std::string& note, Done<void> done) {
  const std::string what = "keep a note with " + vm.get();
  // libvirt would wait for the end of the migration with one of the few workers.
  if (migrations_.contains(vm)) {
    return come_back<void>(std::move(done))(
        fail("cannot " + what + ": it migrates; wait for its end"));
  }
  call<void>(quick_, what, std::move(done), [vm, note](LibvirtSession& session) {
    return libvirt_calls::keep_note(session.quick(), vm, note);
  });
}

}  // namespace upbeat
