// SPDX-License-Identifier: Apache-2.0
// The twin of a cluster of Corosyncs: rings are formed, logs are ordered, entries are taken.
#include "engine/simulated_network.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "engine/simulated_network_parts.h"

namespace upbeat {
namespace {

constexpr std::size_t no_entry_yet = ~std::size_t{0};

/// Totem's rings have every fourth number.
constexpr std::uint64_t ring_sequence_step = 4;

}  // namespace

SimulatedNetwork::SimulatedNetwork(SimulatedClock& clock, std::vector<ConfiguredNode> nodes,
                                   SimulatedNetworkOptions options)
    : clock_(clock), configured_(std::move(nodes)), options_(options), prng_(options.seed) {
  std::ranges::sort(configured_, {}, &ConfiguredNode::id);
  for (const auto& node : configured_) nodes_[node.id].id = node.id;
  later(draw(options_.boot), [this] { form_rings(); });
}

SimulatedNetwork::~SimulatedNetwork() = default;

// ---- the verbs -------------------------------------------------------------------------------

void SimulatedNetwork::partition(const std::vector<std::vector<NodeId>>& sets) {
  for (auto& [id, node] : nodes_) node.part = 0;
  for (std::size_t i = 0; i < sets.size(); ++i) {
    for (const NodeId id : sets[i]) nodes_.at(id).part = i + 1;
  }
  reach_changed();
}

void SimulatedNetwork::heal() { partition({}); }

void SimulatedNetwork::set_arbiter_heard(NodeId id, bool heard) {
  nodes_.at(id).hears_arbiter = heard;
  ask_for_votes();
}

void SimulatedNetwork::set_latency(NodeId id, std::chrono::nanoseconds latency) {
  nodes_.at(id).latency = latency;
}

void SimulatedNetwork::stand_still(NodeId id) {
  Node& node = nodes_.at(id);
  if (!node.up || std::exchange(node.still, true)) return;
  reach_changed();
}

void SimulatedNetwork::go_on(NodeId id) {
  if (!std::exchange(nodes_.at(id).still, false)) return;
  order_by_an_old_token(id);
  reach_changed();
}

void SimulatedNetwork::crash(NodeId id) {
  Node& node = nodes_.at(id);
  if (!node.up) return;
  node.up = false;
  node.still = false;
  node.seen_all = false;
  ++node.life;
  node.ring.reset();
  if (node.daemon) {
    node.daemon->incarnation = 0;
    node.daemon->outgoing.clear();
    later({}, [this, id, life = node.daemon->life] {
      const Node& one = nodes_.at(id);
      if (one.daemon && one.daemon->life == life) {
        one.daemon->listener->on_engine_lost(engine_is_down());
      }
    });
  }
  reach_changed();
}

void SimulatedNetwork::start(NodeId id) {
  Node& node = nodes_.at(id);
  if (node.up) return;
  node.up = true;
  later(draw(options_.boot), [this, id, life = node.life] {
    const Node& one = nodes_.at(id);
    if (one.life != life || !one.up || one.ring) return;
    form_ring({id});
    reach_changed();
  });
  if (!node.daemon) return;
  later(options_.boot.longest + draw(options_.reconnect), [this, id, life = node.daemon->life] {
    const Node& one = nodes_.at(id);
    if (one.daemon && one.daemon->life == life) join_group(id);
  });
}

Error SimulatedNetwork::engine_is_down() {
  return Error{"Cannot use the cluster engine: the simulated node's engine is down; start it."};
}

// ---- daemons ---------------------------------------------------------------------------------

void SimulatedNetwork::attach(NodeId id, EngineListener& listener) {
  Node& node = nodes_.at(id);
  const std::uint64_t life = ++node.daemon_lives;
  node.daemon = Daemon{.listener = &listener, .life = life};
  const bool up = node.up;
  later(draw(options_.daemon_change), [this, id, life, up] {
    Node& one = nodes_.at(id);
    if (!one.daemon || one.daemon->life != life) return;
    if (up) return join_group(id);
    one.daemon->listener->on_engine_lost(engine_is_down());
  });
}

void SimulatedNetwork::detach(NodeId id) {
  nodes_.at(id).daemon.reset();
  later(draw(options_.daemon_change), [this, id] {
    if (const auto ring = nodes_.at(id).ring) refresh_group(ring, id);
  });
}

void SimulatedNetwork::join_group(NodeId id) {
  Node& node = nodes_.at(id);
  if (!node.up || node.daemon->incarnation != 0) return;
  if (node.ring) refresh_group(node.ring, id);  // its last life leaves first
  node.daemon->first_entry = no_entry_yet;
  node.daemon->incarnation = draw_incarnation();
  if (node.ring) refresh_group(node.ring, id);
}

Result<void> SimulatedNetwork::send(NodeId id, std::string bytes) {
  if (bytes.size() > message_limit_bytes) {
    return fail("Cannot send a message of " + std::to_string(bytes.size()) +
                " bytes to the cluster: the limit is " + std::to_string(message_limit_bytes) +
                " bytes; send it in parts.");
  }
  Node& node = nodes_.at(id);
  if (!runs(id)) {
    return std::unexpected(engine_is_down());
  }
  if (node.daemon->outgoing.size() >= send_queue_limit) {
    return fail("Cannot send to the cluster: " + std::to_string(node.daemon->outgoing.size()) +
                " messages wait already; send again later.");
  }
  node.daemon->outgoing.push_back(std::move(bytes));
  later(draw(options_.ordering) + node.latency, [this, id] { order_what_waits(id); });
  return {};
}

bool SimulatedNetwork::runs(NodeId id) const {
  const Node& node = nodes_.at(id);
  return node.up && node.daemon && node.daemon->incarnation != 0;
}

// ---- rings -----------------------------------------------------------------------------------

void SimulatedNetwork::reach_changed() {
  ask_for_votes();
  bool somebody_is_missed = false;
  for (auto& [id, node] : nodes_) {
    if (!node.ring) continue;
    if (hear_each_other(*node.ring)) {  // perhaps again: go on
      refresh_group(node.ring, the_ring_itself);
      order_what_waits(id);
      schedule_delivery(id);
    } else {
      somebody_is_missed = true;
    }
  }
  later(draw(somebody_is_missed ? options_.loss_detection : options_.merge),
        [this] { form_rings(); });
}

bool SimulatedNetwork::hear_each_other(const Ring& ring) const {
  const std::size_t part = nodes_.at(ring.nodes.front()).part;
  return std::ranges::all_of(ring.nodes, [&](NodeId id) {
    const Node& node = nodes_.at(id);
    return node.ring.get() == &ring && node.part == part && !node.still;
  });
}

void SimulatedNetwork::form_rings() {
  std::set<std::size_t> parts;
  for (const auto& [id, node] : nodes_) {
    if (!node.up || node.still || !parts.insert(node.part).second) continue;
    later(draw(options_.forming), [this, part = node.part] { form_ring_of(part); });
  }
}

void SimulatedNetwork::form_ring_of(std::size_t part) {
  std::vector<NodeId> together;
  for (const auto& [id, node] : nodes_) {
    if (node.up && !node.still && node.part == part) together.push_back(id);
  }
  if (together.empty()) return;
  const auto& ring = nodes_.at(together.front()).ring;
  if (!ring || ring->nodes != together || !hear_each_other(*ring)) form_ring(together);
}

void SimulatedNetwork::form_ring(const std::vector<NodeId>& nodes) {
  std::map<RingId, std::vector<NodeId>> ways;  // by the ring they come from
  std::uint64_t sequence = 0;
  for (const NodeId id : nodes) {
    const Node& node = nodes_.at(id);
    sequence = std::max(sequence, node.ring_sequence);
    if (node.ring) ways[node.ring->id].push_back(id);
  }
  for (const auto& [old_ring, together] : ways) {
    const Ring& old = *nodes_.at(together.front()).ring;
    flush_old_ring(old, together);
    if (!went_on_without(old, nodes, together)) continue;
    for (const NodeId id : together) {
      if (runs(id)) nodes_.at(id).daemon->incarnation = draw_incarnation();
    }
  }
  const auto ring = std::make_shared<Ring>();
  ring->id = {sequence + ring_sequence_step, nodes.front()};
  ring->nodes = nodes;
  for (const NodeId id : nodes) {
    Node& node = nodes_.at(id);
    node.ring = ring;
    node.ring_sequence = ring->id.sequence;
    node.taken = 0;
    if (node.daemon) node.daemon->first_entry = 0;
    if (nodes.size() == configured_.size()) node.seen_all = true;
  }
  refresh_group(ring, the_ring_itself);
  ask_for_votes();
  for (const NodeId id : nodes) order_what_waits(id);
}

bool SimulatedNetwork::went_on_without(const Ring& old, const std::vector<NodeId>& nodes,
                                       const std::vector<NodeId>& together) const {
  return std::ranges::any_of(old.view.members, [&](const Member& member) {
    if (!contains(nodes, member.node) || contains(together, member.node)) return false;
    const auto& daemon = nodes_.at(member.node).daemon;
    return daemon && daemon->incarnation == member.incarnation;
  });
}

void SimulatedNetwork::flush_old_ring(const Ring& ring, const std::vector<NodeId>& together) {
  std::size_t common = 0;
  std::size_t least = ring.end();
  for (const NodeId id : together) {
    common = std::max(common, nodes_.at(id).taken);
    least = std::min(least, nodes_.at(id).taken);
  }
  std::map<NodeId, bool> cut;  // absent senders of whom we got all that we shall get
  for (std::size_t i = least; i < ring.end(); ++i) {
    const auto& entry = ring.at(i);
    const bool ours = entry->origin == the_ring_itself || contains(together, entry->origin);
    if (i >= common && !ours) {
      if (prng_.below(2) == 0) cut[entry->origin] = true;
      if (cut[entry->origin]) continue;
    }
    for (const NodeId id : together) {
      Node& node = nodes_.at(id);
      if (node.taken <= i) {
        node.taken = i;
        take(node, *entry);
      }
    }
  }
}

void SimulatedNetwork::refresh_group(const std::shared_ptr<Ring>& ring, NodeId origin) {
  if (!hear_each_other(*ring)) return;  // the next ring will see
  EngineView view{.ring = ring->id, .quorate = is_quorate(*ring), .nodes = ring->nodes};
  for (const NodeId id : ring->nodes) {
    const Node& node = nodes_.at(id);
    if (runs(id)) view.members.push_back({id, node.daemon->incarnation});
  }
  if (view == ring->view) return;
  for (const Member& member : view.members) {
    Daemon& daemon = *nodes_.at(member.node).daemon;
    if (!contains(ring->view.members, member)) daemon.first_entry = ring->end();
  }
  ring->view = view;
  append(ring, {.origin = origin, .view = std::move(view)});
  for (const NodeId id : ring->nodes) order_what_waits(id);
}

// ---- the log ---------------------------------------------------------------------------------

void SimulatedNetwork::order_what_waits(NodeId id) {
  Node& node = nodes_.at(id);
  if (!runs(id) || !node.ring || !hear_each_other(*node.ring)) return;
  if (!contains(node.ring->view.members, Member{id, node.daemon->incarnation})) return;
  while (!node.daemon->outgoing.empty()) {
    append(node.ring, {.origin = id, .bytes = std::move(node.daemon->outgoing.front())});
    node.daemon->outgoing.pop_front();
  }
}

/// Corosync 3.1.7: a token that came while it stood still has a higher priority than the timer by
/// which it would notice the loss (totemknet.c, totemsrp.c). One token, so once.
void SimulatedNetwork::order_by_an_old_token(NodeId id) {
  Node& node = nodes_.at(id);
  if (!runs(id) || !node.ring || hear_each_other(*node.ring) || prng_.below(4) == 0) return;
  if (!contains(node.ring->view.members, Member{id, node.daemon->incarnation})) return;
  const auto ring = node.ring;
  while (!node.daemon->outgoing.empty()) {
    append(ring, {.origin = id, .bytes = std::move(node.daemon->outgoing.front())});
    node.daemon->outgoing.pop_front();
  }
  while (node.ring == ring && node.taken < ring->end()) {
    const auto entry = ring->at(node.taken);
    take(node, *entry);
  }
}

void SimulatedNetwork::append(const std::shared_ptr<Ring>& ring, Entry entry) {
  entry.ordered = clock_.now();
  ring->log.push_back(std::make_shared<const Entry>(std::move(entry)));
  for (const NodeId id : ring->nodes) schedule_delivery(id);
}

void SimulatedNetwork::schedule_delivery(NodeId id) {
  Node& node = nodes_.at(id);
  if (!node.ring || node.still || node.delivery_due || node.taken >= node.ring->end()) return;
  const auto& entry = node.ring->at(node.taken);
  if (entry->origin != the_ring_itself) {
    const Node& origin = nodes_.at(entry->origin);
    if (origin.ring != node.ring || origin.part != node.part) return;
  }
  node.delivery_due = true;
  const auto due = entry->ordered + draw(options_.delivery) + node.latency - clock_.now();
  node.due_from = node.ring;
  later(std::max(due, std::chrono::nanoseconds{0}), [this, &node] { deliver(node); });
}

void SimulatedNetwork::deliver(Node& node) {
  node.delivery_due = false;
  const auto ring = node.due_from.lock();
  if (ring && node.ring == ring && !node.still && node.taken < ring->end()) {
    const auto entry = ring->at(node.taken);
    take(node, *entry);
    if (ring->log.size() > ring->forgets_at) forget_what_all_took(*ring);
  }
  schedule_delivery(node.id);
}

void SimulatedNetwork::forget_what_all_took(Ring& ring) const {
  std::size_t least = ring.end();
  for (const NodeId id : ring.nodes) {
    const Node& node = nodes_.at(id);
    if (node.ring.get() == &ring) least = std::min(least, node.taken);
  }
  for (; ring.forgotten < least; ++ring.forgotten) ring.log.pop_front();
  // Looking takes a while, where there are many nodes, and one of them may be slow.
  ring.forgets_at = std::max(log_kept, 2 * ring.log.size());
}

void SimulatedNetwork::take(Node& node, const Entry& entry) {
  const std::size_t index = node.taken++;
  if (!runs(node.id) || index < node.daemon->first_entry) return;
  if (entry.view) {
    node.daemon->listener->on_view(*entry.view);
  } else {
    node.daemon->listener->on_message(entry.origin, entry.bytes);
  }
}

// ---- chance and time -------------------------------------------------------------------------

std::chrono::nanoseconds SimulatedNetwork::draw(DelayRange range) {
  const auto span = static_cast<std::uint64_t>((range.longest - range.shortest).count());
  return range.shortest + std::chrono::nanoseconds(prng_.below(span + 1));
}

std::uint64_t SimulatedNetwork::draw_incarnation() {
  return std::max<std::uint64_t>(prng_.next() >> 11U, 1);
}

void SimulatedNetwork::later(std::chrono::nanoseconds delay, std::function<void()> call) {
  clock_.after_while(alive_, delay, std::move(call));
}

}  // namespace upbeat
