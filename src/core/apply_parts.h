// SPDX-License-Identifier: Apache-2.0
// The rooms of `apply`, for its own files only: what each kind of event does to the state.
#pragma once

#include <string>

#include "core/event.h"
#include "core/state.h"

namespace upbeat {

void apply_event(State& state, const ViewChanged& event);
void apply_event(State& state, const Tick& event);
void apply_event(State& state, const InventoryReported& event);
void apply_event(State& state, const NodeLeaving& event);
void apply_event(State& state, const DrainRequested& event);
void apply_event(State& state, const UndrainRequested& event);
void apply_event(State& state, const FenceReported& event);
void apply_event(State& state, const OffConfirmed& event);
void apply_event(State& state, const VmDefined& event);
void apply_event(State& state, const VmWanted& event);
void apply_event(State& state, const VmMigrateRequested& event);
void apply_event(State& state, const RuleDefined& event);
void apply_event(State& state, const RuleRemoved& event);
void apply_event(State& state, const PolicySet& event);
void apply_event(State& state, const VmFailbackSet& event);
void apply_event(State& state, const VmStartFailed& event);
void apply_event(State& state, const MigrationEnded& event);
void apply_event(State& state, const MigrationProgressed& event);
void apply_event(State& state, const WatchdogArmed& event);
void apply_event(State& state, const Decided& event);

/// Adds a line to the log of this event.
void tell(State& state, const std::string& subject, std::string text);
void tell(State& state, const VmId& vm, std::string text);
void tell(State& state, NodeId node, std::string text);

/// Evidence says that `vm` is not on `node` (any more): takes the node out of `may_run_on` and lets
/// the guest's phase follow; `evidence` says how we know. A guest that is to be removed and is now
/// nowhere is erased: do not use its record afterwards.
void rule_out(State& state, const VmId& vm, NodeId node, const std::string& evidence);

/// The node is proved off: rules it out for all guests.
void prove_off(State& state, NodeId node, const std::string& proof);

/// The node was lost through no doing of anybody's (`since` once each): what quarantines go by. A
/// clean leave, a daemon that is restarted and an outage that takes the quorum are none.
void count_loss(State& state, NodeId node, ClusterTime since);
/// The node is back: quarantines it if the policy has it that it was lost too often.
void quarantine_if_flapping(State& state, NodeId node);
/// Ends what was quiet for long enough (`quarantine_quiet`).
void end_quiet_quarantines(State& state);

/// Erases the guest, also from the rules (`vm` is a copy: the key goes, too); a rule that means
/// nothing without it goes with it.
void forget_vm(State& state, VmId vm);

/// The pause before the next try after `failures` failures in a row.
[[nodiscard]] ClusterTime backoff(std::uint32_t failures);

}  // namespace upbeat
