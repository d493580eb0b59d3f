// SPDX-License-Identifier: Apache-2.0
// What a drill has found: what members saw of each other without changing anything, and what of it
// would fail on the day. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/state.h"

namespace upbeat {

enum class Outlet : std::uint8_t { unknown, on, off };

/// What a fence device said to one member of one node.
struct DeviceAnswer {
  std::string device;
  std::uint32_t level = 1;
  std::string plug;
  Outlet outlet = Outlet::unknown;
  std::string trouble;  ///< why it is unknown
  bool operator==(const DeviceAnswer&) const = default;
};

/// What one member saw of another node.
struct PeerReport {
  NodeId node;
  bool up = false;  ///< the node was in the view before it was looked at, and after
  std::vector<DeviceAnswer> devices;  ///< by level; none has a plug for it: empty
  std::string hypervisor;             ///< where guests would go; empty: they cannot
  std::string way_trouble;            ///< why they cannot
  bool operator==(const PeerReport&) const = default;
};

/// What one member saw.
struct DrillReport {
  bool has_watchdog = false;      ///< by its configuration
  std::vector<PeerReport> peers;  ///< by node
  std::vector<std::string> alarms;
  bool operator==(const DrillReport&) const = default;
};

/// Texts of a report are no longer, and there are no more devices and alarms in it: it has to fit a
/// message also of a large cluster.
inline constexpr std::size_t drill_text_limit_bytes = 300;
inline constexpr std::size_t drill_devices_limit = 8;
inline constexpr std::size_t drill_alarms_limit = 32;

/// What a member is asked for.
enum class DrillKind : std::uint8_t {
  look,      ///< change nothing, and report
  watchdog,  ///< an empty node: let its watchdog reset its host
};

enum class Answering : std::uint8_t { waiting, answered, silent };

/// What has come of a member so far.
struct MemberAnswer {
  Answering answering = Answering::waiting;
  std::string trouble;  ///< why it is silent
  DrillReport report;
  bool operator==(const MemberAnswer&) const = default;
};
using DrillAnswers = std::map<NodeId, MemberAnswer>;

/// A drill as far as it has come.
struct DrillSoFar {
  std::uint64_t drill = 0;
  std::int64_t begun_wall_ms = 0;
  DrillAnswers answers;
  bool operator==(const DrillSoFar&) const = default;
};

/// What would fail, worst first.
enum class Flaw : std::uint8_t {
  proved_off_alive,  ///< a device says "off" of a node that runs: its guests would run twice
  plugs_differ,      ///< members have different plugs for one node
  no_proof,          ///< nothing would prove the node off: its guests would wait for an operator
  supply_off,        ///< one of a node's devices says off, the others do not
  device_fails,      ///< a member gets no answer from a device
  no_device,         ///< a member has no device for a node, and others have
  way_closed,        ///< no guest can move from one node to another
  cannot_empty,      ///< guests would find no place if it were drained
  no_room,           ///< guests would find no place if it died
  silent,            ///< a node could not be asked
  alarm,             ///< something is not well already
};

struct DrillFinding {
  Flaw flaw = Flaw::alarm;
  NodeId node;  ///< which one it is about; 0: none
  std::string text;
  bool operator==(const DrillFinding&) const = default;
};

/// Whether no member is waited for any more.
[[nodiscard]] bool is_over(const DrillAnswers& answers);

/// What would fail on the day, worst first; nothing as long as the drill is not over.
[[nodiscard]] std::vector<DrillFinding> findings(const State& state, const DrillAnswers& answers);

}  // namespace upbeat
