// SPDX-License-Identifier: Apache-2.0
// Quarantines: losses are counted, and a node that comes back from too many of them takes no
// guests.
#include "core/apply_parts.h"
#include "core/text.h"

namespace upbeat {

void count_loss(State& state, NodeId node, ClusterTime since) {
  auto& losses = state.nodes.edit(node).losses;
  if (!losses.empty() && losses.back() == since) return;
  losses.push_back(since);
  const std::size_t counted = state.policy.quarantine_losses;
  if (losses.size() > counted) {
    losses.erase(losses.begin(), losses.end() - static_cast<std::ptrdiff_t>(counted));
  }
}

void quarantine_if_flapping(State& state, NodeId id) {
  const auto& policy = state.policy;
  const std::chrono::seconds window{policy.quarantine_window_s};
  auto& node = state.nodes.edit(id);
  std::erase_if(node.losses, [&](ClusterTime at) { return state.now - at > window; });
  if (node.quarantine) node.quarantine->since = state.now;
  if (policy.quarantine_losses == 0 || node.losses.size() < policy.quarantine_losses) return;
  const auto why =
      "it was lost " + std::to_string(node.losses.size()) + " times within " + whole_span(window);
  node.quarantine = Quarantine{state.now, why};
  tell(state, id,
       "is quarantined: " + why + "; it takes no VMs until `upbeat undrain " + name_of(state, id) +
           "`");
}

void end_quiet_quarantines(State& state) {
  std::vector<NodeId> quiet;
  for (const auto& [id, node] : state.nodes) {
    if (node.quarantine && std::holds_alternative<Online>(node.standing) &&
        state.now - node.quarantine->since >= quarantine_quiet) {
      quiet.push_back(id);
    }
  }
  for (const auto id : quiet) {
    auto& node = state.nodes.edit(id);
    node.quarantine.reset();
    node.losses.clear();
    tell(state, id,
         "takes VMs again: it was not lost for " +
             whole_span(std::chrono::duration_cast<std::chrono::seconds>(quarantine_quiet)));
  }
}

}  // namespace upbeat
