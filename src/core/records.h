// SPDX-License-Identifier: Apache-2.0
// What is known of one node and of one guest.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/strong.h"
#include "core/event.h"

namespace upbeat {

/// Time that only Ticks move; zero when the cluster was first made.
using ClusterTime = std::chrono::milliseconds;

// --- nodes -------------------------------------------------------------------------------------

/// In the view. `incarnation` is 0 while only its daemon is away.
struct Online {
  std::uint64_t incarnation = 0;
  Epoch member_since;     ///< the first view of this life of its daemon: the eldest coordinates
  bool reported = false;  ///< its inventory of this life is known; until then it is given nothing
  bool leaving = false;   ///< it announced a clean leave and has no guests
  bool operator==(const Online&) const = default;
};
/// Not seen since the whole cluster began anew: it may run what it ran.
struct Unseen {
  ClusterTime since{0};
  bool operator==(const Unseen&) const = default;
};
/// Gone without a word: it may run what it ran. Of a host that dies the daemon does not go first;
/// it does where Corosync is restarted, and that is no reason to prove the host off at once.
struct Lost {
  ClusterTime since{0};
  bool daemon_went_first = false;
  /// Quorum was regained without it: it is not proved off before this; 0: it went from a quorate
  /// view.
  ClusterTime settles_at{0};
  bool operator==(const Lost&) const = default;
};
/// So long a node whose daemon went first has to come back before it is proved off.
inline constexpr ClusterTime restart_grace{10'000};
/// So long the nodes that are missing when quorum is regained have to come back before they are
/// proved off: what took all of them away at once gives them back one after another. The ports of a
/// switch that has rebooted may each wait for 30 s before they forward (IEEE 802.1D: it listens for
/// 15 s, then learns for 15 s).
inline constexpr ClusterTime settle_grace{30'000};
/// Left on purpose, without guests.
struct Left {
  bool operator==(const Left&) const = default;
};
/// Proved off: by a fence device, or by an operator's word.
struct ProvedOff {
  std::string proof;
  bool operator==(const ProvedOff&) const = default;
};
using Standing = std::variant<Unseen, Online, Lost, Left, ProvedOff>;

/// When a node goes down whatever is left on it (core/deadline.h).
struct Deadline {
  ClusterTime set_at{0};
  ClusterTime at{0};
  DrainCause by = DrainCause::shutdown;  ///< who set it; the host's own ends with its cause
  bool operator==(const Deadline&) const = default;
};

/// Its guests are to leave, and nothing new comes.
struct Drain {
  DrainCause cause = DrainCause::operator_request;
  std::string why;
  ClusterTime since{0};
  std::optional<Deadline> deadline;
  bool operator==(const Drain&) const = default;
};

/// Somebody is proving it off, or will try again.
struct Fencing {
  NodeId by;         ///< 0 between two tries
  EventIndex since;  ///< the decision of this try
  std::uint32_t failures = 0;
  ClusterTime next_try{0};
  std::string last_error;
  bool operator==(const Fencing&) const = default;
};

/// It was lost again and again: it is a member like any other, and takes no guests.
struct Quarantine {
  ClusterTime since{0};  ///< its last return
  std::string why;       ///< "it was lost 3 times within 1 h"
  bool operator==(const Quarantine&) const = default;
};
/// A quarantine ends by itself when the node was not lost for so long. A loose cable or a weak
/// power supply can keep quiet for hours; a day has seen the nightly backup, warm and cold, and
/// whoever should look at the node. For ever would be too long: one bad night must not cost a host.
inline constexpr ClusterTime quarantine_quiet = std::chrono::hours{24};

struct NodeRecord {
  std::string name;
  Standing standing = Unseen{};
  Capacity capacity;
  std::vector<GuestSeen> foreign;  ///< guests there that Upbeat does not manage
  std::optional<Drain> drain;
  std::optional<Fencing> fencing;
  /// Its host is reset so long after its daemon last heard the order of a quorate view, at most
  /// (and `watchdog_margin`); 0: nobody promised that.
  std::chrono::milliseconds watchdog{0};
  std::vector<ClusterTime> losses;  ///< lately, oldest first; as many as the policy counts
  std::optional<Quarantine> quarantine;
  bool operator==(const NodeRecord&) const = default;
};

/// What a watchdog's last feed may come late (node/self_fence.h), and what hardware and the clocks
/// of two hosts may differ.
inline constexpr std::chrono::milliseconds watchdog_margin{1'500};

// --- guests ------------------------------------------------------------------------------------

struct Stopped {
  bool operator==(const Stopped&) const = default;
};
struct Starting {
  NodeId on;
  EventIndex since;
  bool operator==(const Starting&) const = default;
};
struct Running {
  NodeId on;
  ClusterTime since{0};
  bool operator==(const Running&) const = default;
};
/// Under way from one node to another; `ended` when the source said that its part is over, and the
/// inventories have not yet told where the guest is.
struct Migrating {
  NodeId from;
  NodeId to;
  EventIndex since;
  ClusterTime begun_at{0};
  MoveStep step = MoveStep::live;  ///< how far it was helped along
  bool ended = false;
  bool landed = false;  ///< the target has seen it running
  /// The event by which the target was proved off on the way, if it was: the source is to end it.
  /// Until it says that it has, a source that hangs may still send the guest there once the
  /// target's host is back.
  std::optional<EventIndex> called_off;
  /// The source is to end it, though the target is well: its own time runs out.
  bool given_up = false;
  std::optional<MigrationProgressed> progress;
  bool operator==(const Migrating&) const = default;
};
struct Stopping {
  NodeId on;
  EventIndex since;
  ClusterTime asked_at{0};
  StopForce force = StopForce::ask;
  bool operator==(const Stopping&) const = default;
};
/// It may run on the nodes of `may_run_on`; their inventories will tell.
struct Unsure {
  bool operator==(const Unsure&) const = default;
};
/// Seen where it must not be, or twice: left alone until an operator speaks (VmWanted).
struct Alarm {
  std::string what;
  bool operator==(const Alarm&) const = default;
};
using Phase = std::variant<Stopped, Starting, Running, Migrating, Stopping, Unsure, Alarm>;

struct VmRecord {
  VmSpec spec;
  Wanted wanted = Wanted::stopped;
  StopForce stop_force = StopForce::ask;
  Phase phase = Stopped{};
  /// The nodes that may be running it (design: safety). The value: only an inventory read as of
  /// this event or later can say that the guest is not there.
  std::map<NodeId, EventIndex> may_run_on;
  bool wants_move = false;        ///< an operator asked for a migration
  std::optional<NodeId> move_to;  ///< where to
  std::uint32_t start_failures = 0;
  std::uint32_t move_failures = 0;
  std::uint32_t crashes = 0;
  std::vector<NodeId> avoid;  ///< where starting or going failed lately; sorted
  ClusterTime not_before{0};  ///< the next try is not before this
  std::string waits_for;      ///< why nothing happens now; empty: nothing is wanted
  bool given_up = false;
  std::string last_error;
  std::optional<MigrationEnded> last_move;  ///< how its last migration went
  std::optional<Failback> failback;         ///< its own; else the policy's
  NodeId home;      ///< where an operator last had it: its first start, or a move asked for
  NodeId last_on;   ///< where it last ran or was tried
  NodeId held_for;  ///< it starts only there (OnShutdown::hold), until an operator starts it
  bool operator==(const VmRecord&) const = default;
};

}  // namespace upbeat
