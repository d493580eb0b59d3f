// SPDX-License-Identifier: Apache-2.0
// One time of being connected to libvirtd: two connections and the events that come over them.
#include "hypervisor/libvirt_session.h"

#include <chrono>
#include <utility>

#include "hypervisor/libvirt_calls.h"

namespace upbeat {
namespace {

using InboxOwner = std::shared_ptr<SessionInbox>;

/// How long the statistics of a migration may come after its end.
constexpr std::chrono::milliseconds summary_patience{500};

SessionInbox& inbox_of(void* opaque) { return **static_cast<InboxOwner*>(opaque); }
void release(void* opaque) { delete static_cast<InboxOwner*>(opaque); }

int on_lifecycle(virConnectPtr /*unused*/, virDomainPtr domain, int event, int detail,
                 void* opaque) {
  inbox_of(opaque).lifecycle(VmId(virDomainGetName(domain)), event, detail);
  return 0;
}

void on_job_completed(virConnectPtr /*unused*/, virDomainPtr domain, virTypedParameterPtr items,
                      int count, void* opaque) {
  if (signed_int(items, count, VIR_DOMAIN_JOB_OPERATION) != VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT)
    return;
  const auto total = unsigned_long(items, count, VIR_DOMAIN_JOB_TIME_ELAPSED);
  const auto downtime = unsigned_long(items, count, VIR_DOMAIN_JOB_DOWNTIME);
  inbox_of(opaque).job_completed(VmId(virDomainGetName(domain)),
                                 {static_cast<std::uint32_t>(total.value_or(0)),
                                  static_cast<std::uint32_t>(downtime.value_or(0))});
}

void on_close(virConnectPtr /*unused*/, int reason, void* opaque) {
  inbox_of(opaque).closed(reason == VIR_CONNECT_CLOSE_REASON_KEEPALIVE
                              ? "it gave no sign of life for " +
                                    std::to_string(keepalive_interval_s * (keepalive_misses + 1)) +
                                    " s"
                              : "it closed the connection");
}

Result<Connection> connect(const std::string& uri) {
  Connection connection(virConnectOpen(uri.c_str()));
  if (!connection ||
      virConnectSetKeepAlive(connection.get(), keepalive_interval_s, keepalive_misses) < 0) {
    return fail("cannot reach the hypervisor at '" + uri + "': " + last_error_text() +
                "; is libvirtd running? Upbeat goes on trying");
  }
  return connection;
}

}  // namespace

void SessionInbox::found_incoming(const VmId& vm) {
  const std::lock_guard lock(mutex_);
  reader_.found_incoming(vm);
}

void SessionInbox::lifecycle(const VmId& vm, int event, int detail) {
  const std::lock_guard lock(mutex_);
  const auto change = reader_.read(vm, event, detail);
  if (!change) return;
  if (held_) {
    held_->push_back(*change);
  } else {
    events_.changed(*change);
  }
}

void SessionInbox::open() {
  const std::lock_guard lock(mutex_);
  if (!held_) return;
  for (const auto& change : *held_) events_.changed(change);
  held_.reset();
}

void SessionInbox::job_completed(const VmId& vm, MigrationSummary summary) {
  const std::lock_guard lock(mutex_);
  const auto expected = summaries_.find(vm);
  if (expected == summaries_.end()) return;
  expected->second = summary;
  completed_.notify_all();
}

void SessionInbox::closed(const std::string& why) { events_.closed(why); }

void SessionInbox::expect_summary(const VmId& vm) {
  const std::lock_guard lock(mutex_);
  summaries_[vm] = std::nullopt;
}

std::optional<MigrationSummary> SessionInbox::await_summary(const VmId& vm) {
  std::unique_lock lock(mutex_);
  completed_.wait_for(lock, summary_patience, [&] { return summaries_[vm].has_value(); });
  auto expected = summaries_.extract(vm);
  return expected.mapped();
}

void SessionInbox::forget_summary(const VmId& vm) {
  const std::lock_guard lock(mutex_);
  summaries_.erase(vm);
}

Result<std::shared_ptr<LibvirtSession>> LibvirtSession::open(const std::string& uri,
                                                             SessionEvents events) {
  std::shared_ptr<LibvirtSession> session(new LibvirtSession);
  session->loop_ = LibvirtLoop::hold();
  session->inbox_ = std::make_shared<SessionInbox>(std::move(events));
  auto quick = connect(uri);
  if (!quick) return std::unexpected(quick.error());
  session->quick_ = std::move(*quick);
  auto slow = connect(uri);
  if (!slow) return std::unexpected(slow.error());
  session->slow_ = std::move(*slow);
  if (auto listening = session->listen(); !listening) return std::unexpected(listening.error());

  const auto guests = libvirt_calls::inventory(session->quick());
  if (!guests) return std::unexpected(guests.error());
  for (const auto& guest : *guests) {
    if (guest.phase == GuestPhase::incoming) session->inbox().found_incoming(guest.vm);
  }
  return session;
}

Result<void> LibvirtSession::listen() {
  for (auto* const connection : {quick(), slow()}) {
    auto* const owner = new InboxOwner(inbox_);  // libvirt's, from its success on
    if (virConnectRegisterCloseCallback(connection, on_close, owner, release) < 0) {
      release(owner);
      return fail("cannot watch the connection to the hypervisor: " + last_error_text());
    }
  }
  const auto hear = [this](int event, virConnectDomainEventGenericCallback callback) {
    auto* const owner = new InboxOwner(inbox_);
    const int id =
        virConnectDomainEventRegisterAny(quick(), nullptr, event, callback, owner, release);
    if (id >= 0) {
      callbacks_.push_back(id);
    } else {
      release(owner);
    }
    return id >= 0;
  };
  if (!hear(VIR_DOMAIN_EVENT_ID_LIFECYCLE, VIR_DOMAIN_EVENT_CALLBACK(on_lifecycle))) {
    return fail("cannot hear the hypervisor's events: " + last_error_text() +
                "; Upbeat goes on trying");
  }
  // Not every driver tells of jobs (Xen's does not): then summaries come without a downtime.
  static_cast<void>(
      hear(VIR_DOMAIN_EVENT_ID_JOB_COMPLETED, VIR_DOMAIN_EVENT_CALLBACK(on_job_completed)));
  return {};
}

LibvirtSession::~LibvirtSession() {
  for (const int callback : callbacks_) virConnectDomainEventDeregisterAny(quick(), callback);
  for (auto* const connection : {quick(), slow()}) {
    if (connection != nullptr) virConnectUnregisterCloseCallback(connection, on_close);
  }
}

}  // namespace upbeat
