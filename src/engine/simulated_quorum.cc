// SPDX-License-Identifier: Apache-2.0
// Which ring of the twin may act: majorities, two_node, and the vote of an arbiter.
#include <algorithm>
#include <map>
#include <memory>
#include <vector>

#include "engine/simulated_network_parts.h"

namespace upbeat {

bool SimulatedNetwork::is_quorate(const Ring& ring) const {
  if (ring.nodes.size() * 2 > configured_.size()) return true;
  const bool half = ring.nodes.size() * 2 == configured_.size();
  if (options_.quorum == QuorumRule::two_node) {
    return half && configured_.size() == 2 && nodes_.at(ring.nodes.front()).seen_all;
  }
  return half && ring.vote;
}

/// Whether the arbiter would give this half its vote: of two halves to that with the lowest id.
bool SimulatedNetwork::has_vote(const Ring& ring) const {
  if (options_.quorum != QuorumRule::qdevice || ring.nodes.size() * 2 != configured_.size() ||
      !hear_each_other(ring)) {
    return false;
  }
  const auto heard = [&](NodeId id) { return nodes_.at(id).up && nodes_.at(id).hears_arbiter; };
  const auto of_ring = [&](NodeId id) { return contains(ring.nodes, id); };
  if (!std::ranges::all_of(ring.nodes, heard)) return false;
  std::map<std::size_t, std::vector<NodeId>> others;
  for (const auto& [id, node] : nodes_) {
    if (heard(id) && !of_ring(id)) others[node.part].push_back(id);
  }
  return std::ranges::none_of(others, [&](const auto& part) {
    return part.second.size() == ring.nodes.size() && part.second.front() < ring.nodes.front();
  });
}

/// Takes votes back at once, and gives them after a while.
void SimulatedNetwork::ask_for_votes() {
  if (options_.quorum != QuorumRule::qdevice) return;
  for (const auto& [id, node] : nodes_) {
    const auto ring = node.ring;
    if (!ring || ring->nodes.front() != id) continue;
    if (ring->vote && !has_vote(*ring)) {
      ring->vote = false;
      refresh_group(ring, the_ring_itself);
    } else if (!ring->vote && has_vote(*ring)) {
      later(draw(options_.vote), [this, weak = std::weak_ptr<Ring>(ring)] {
        const auto one = weak.lock();
        if (!one || one->vote || !has_vote(*one)) return;
        one->vote = true;
        refresh_group(one, the_ring_itself);
      });
    }
  }
}

}  // namespace upbeat
