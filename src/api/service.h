// SPDX-License-Identifier: Apache-2.0
// What the API asks of the daemon behind it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "core/drill.h"
#include "core/event.h"
#include "core/state.h"
#include "ports/journal.h"

namespace upbeat {

/// How this daemon itself stands, beside the cluster's state.
struct DaemonStatus {
  NodeId self;           ///< 0 while the engine has not told
  bool quorate = false;  ///< in a quorate view and in step with it
  std::string trouble;   ///< why it does nothing now: no Corosync, no quorum, frozen, …; or empty
  std::vector<std::string>
      alarms;  ///< things an operator should look at: hypervisor away, disk full
};

/// Told of every applied event, for those who follow.
using HistoryListener = std::function<void(const std::vector<HistoryLine>&)>;

/// The daemon, as the API sees it. All calls belong to the loop's thread; none blocks for longer
/// than the local disk takes.
class Service {
 public:
  Service() = default;
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;
  virtual ~Service() = default;

  [[nodiscard]] virtual const State& state() const = 0;
  [[nodiscard]] virtual DaemonStatus daemon() const = 0;
  /// Puts a request into the total order. `done`, called once on the loop's thread: granted and
  /// safe on the disks of a majority; or why not.
  virtual void request(const Event& event, std::function<void(Result<void>)> done) = 0;
  /// Reads a guest's definition from libvirt domain XML; an error says what is wrong with it.
  [[nodiscard]] virtual Result<VmDefined> read_definition(const std::string& domain_xml,
                                                          std::int32_t priority) = 0;
  /// See Journal::history.
  [[nodiscard]] virtual Result<std::vector<HistoryLine>> history(EventIndex after,
                                                                 std::size_t limit,
                                                                 const std::string& subject) = 0;
  /// Begins a drill that changes nothing, or joins the one under way here: its number.
  [[nodiscard]] virtual Result<std::uint64_t> begin_drill() = 0;
  /// The last one that was asked for here; null: none.
  [[nodiscard]] virtual const DrillSoFar* drill() const = 0;
  /// Lets the node's watchdog reset its host. `done`, called once: nothing feeds it any more; or
  /// why it goes on being fed.
  virtual void drill_watchdog(NodeId node, std::function<void(Result<void>)> done) = 0;
  /// Calls `listener` after each event until the returned Timer goes.
  [[nodiscard]] virtual Timer follow(HistoryListener listener) = 0;
};

}  // namespace upbeat
