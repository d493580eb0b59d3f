// SPDX-License-Identifier: Apache-2.0
// One time of being connected to libvirtd: two connections and the events that come over them.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "hypervisor/libvirt_handles.h"
#include "hypervisor/libvirt_loop.h"
#include "hypervisor/lifecycle.h"

namespace upbeat {

/// libvirtd is asked for a sign of life each `keepalive_interval_s`; after `keepalive_misses`
/// without an answer the connection is given up.
inline constexpr int keepalive_interval_s = 1;
inline constexpr unsigned keepalive_misses = 4;

/// libvirtd reads no further from a connection with `max_client_requests` (libvirtd.conf: 5) calls
/// under way, so long calls have a connection of their own and neither gets more than four.
inline constexpr std::size_t calls_a_connection = 4;

/// Who hears of a session. Called on libvirt's thread.
struct SessionEvents {
  std::function<void(const GuestChange&)> changed;
  std::function<void(const std::string& why)> closed;
};

/// What comes in over a session's connections. Thread safe.
class SessionInbox {
 public:
  explicit SessionInbox(SessionEvents events) : events_(std::move(events)) {}

  void found_incoming(const VmId& vm);
  void lifecycle(const VmId& vm, int event, int detail);
  void job_completed(const VmId& vm, MigrationSummary summary);
  void closed(const std::string& why);
  /// Lets the changes through; those of before are told first.
  void open();
  /// The statistics of a migration come as an event of their own: to be expected before it begins,
  /// then awaited (shortly; they may not come) when it has succeeded, or forgotten when it has not.
  void expect_summary(const VmId& vm);
  [[nodiscard]] std::optional<MigrationSummary> await_summary(const VmId& vm);
  void forget_summary(const VmId& vm);

 private:
  SessionEvents events_;
  std::mutex mutex_;
  std::condition_variable completed_;
  LifecycleReader reader_;
  std::optional<std::vector<GuestChange>> held_{std::in_place};  ///< none: open
  std::map<VmId, std::optional<MigrationSummary>> summaries_;    ///< of migrations under way
};

/// Two connections to libvirtd. Made and destroyed on a worker's thread: both block.
class LibvirtSession {
 public:
  /// Connects, hears events from now on (they wait in the inbox) and knows what is incoming.
  static Result<std::shared_ptr<LibvirtSession>> open(const std::string& uri, SessionEvents events);

  LibvirtSession(const LibvirtSession&) = delete;
  LibvirtSession& operator=(const LibvirtSession&) = delete;
  ~LibvirtSession();

  [[nodiscard]] virConnectPtr quick() const { return quick_.get(); }  ///< for calls that end soon
  [[nodiscard]] virConnectPtr slow() const { return slow_.get(); }    ///< for migrations and starts
  [[nodiscard]] SessionInbox& inbox() const { return *inbox_; }

 private:
  LibvirtSession() = default;
  Result<void> listen();

  std::shared_ptr<LibvirtLoop> loop_;
  std::shared_ptr<SessionInbox> inbox_;
  Connection quick_;
  Connection slow_;
  std::vector<int> callbacks_;
};

}  // namespace upbeat
