// SPDX-License-Identifier: Apache-2.0
// What the members of a view conclude from their Hellos.
#include "node/view_agreement.h"

#include <algorithm>
#include <tuple>

#include "base/hash.h"

namespace upbeat {
namespace {

/// The number of a view that is agreed on in `ring` after one of `before`. Two majorities share
/// a node, and a node's rings have growing numbers. So no two views of different rings get one
/// number, even if one of them was entered by a single member that was cut off a moment later: else
/// that member's state could be taken for the successor of what the others did without it.
Epoch next_epoch(Epoch before, const RingId& ring) {
  constexpr unsigned views_of_one_ring_bits = 16;
  return Epoch(std::max(before.get() + 1, ring.sequence << views_of_one_ring_bits));
}

/// Order of trust between two members' states. Parts without a majority may each have had views of
/// their own: of these the one counts that proved the other off.
auto rank(NodeId node, const Hello& hello) {
  return std::tuple(hello.term, hello.epoch, hello.index, -std::int64_t{node.get()});
}

/// Members whose states must be known before one of them counts. What is safe is on the disks of a
/// majority of the configured nodes; only another majority is sure to hold one of those. The
/// engine's quorum counts hosts, also those whose daemon is away and with it what it knows.
std::size_t majority_of(const Hello& source) { return source.configured.size() / 2 + 1; }

/// A daemon too old for the state cannot keep what is granted on its disk.
bool takes_part(const Hello& hello, const Hello& source) {
  return hello.format >= source.needs_format;
}

/// Whether fewer members may go on with the source's state: so many of them carried it over that no
/// majority could have gone on without one of these. Whoever has only read it from disk does not
/// know what was done while it was off. (Of two nodes one is enough: to go on alone, the other had
/// to prove this one off first, which ends its life. Of three none ever is.)
bool may_go_on_with_fewer(const Hello& source, const std::map<NodeId, Hello>& hellos) {
  const auto carried = std::ranges::count_if(hellos, [&](const auto& entry) {
    const Hello& one = entry.second;
    return one.live && one.term == source.term && one.epoch == source.epoch;
  });
  return static_cast<std::size_t>(carried) + majority_of(source) > source.configured.size();
}

/// Why the members have to wait for others; empty if they need not.
std::string why_wait(const Hello& source, const EngineView& view,
                     const std::map<NodeId, Hello>& hellos) {
  const auto needed = majority_of(source);
  const auto able = static_cast<std::size_t>(std::ranges::count_if(
      hellos, [&](const auto& entry) { return takes_part(entry.second, source); }));
  if (able >= needed) return {};
  // Of more nodes than two half of them, to which a quorum device gives its vote, go on no further:
  // what they had granted could be forgotten (a story of four nodes has shown it).
  if (source.configured.size() == 2 && may_go_on_with_fewer(source, hellos)) return {};
  if (view.nodes.size() < needed) {
    if (source.configured.size() > 2) {
      return "it waits for other nodes: there is no majority here, and only of two nodes may one "
             "go "
             "on alone, whatever a quorum device says; start them";
    }
    return "it waits for other nodes: there is no majority here, and while upbeatd was away from "
           "here they may have gone on without it; start them";
  }
  if (hellos.size() >= needed) {
    return "it waits for more members: upbeatd knows the cluster's state, that of release " +
           source.release + ", on " + std::to_string(able) +
           " of the nodes here and is needed on " + std::to_string(needed) +
           "; upgrade it on the others";
  }
  return "it waits for more members: upbeatd runs on " + std::to_string(hellos.size()) +
         " of the nodes here and is needed on " + std::to_string(needed) +
         ", for the others may know what happened last; start it there";
}

/// A member that went straight from the last quorate view to this one knows that whoever is missing
/// went by itself. If all were without quorum in between, the outage was one of many.
Continuity continuity_of(const std::map<NodeId, Hello>& hellos, const Hello& source) {
  auto continuity = Continuity::cold;
  for (const auto& [node, hello] : hellos) {
    if (!hello.live || hello.term != source.term || hello.epoch != source.epoch) continue;
    if (!hello.lost_quorum) return Continuity::warm;
    continuity = Continuity::regained;
  }
  return continuity;
}

}  // namespace

std::uint64_t key_of(const EngineView& view) {
  std::string text =
      std::to_string(view.ring.sequence) + "/" + std::to_string(view.ring.leader.get());
  for (const auto& member : view.members) {
    text += "/" + std::to_string(member.node.get()) + ":" + std::to_string(member.incarnation);
  }
  return hash_of(text);
}

bool same_state(const Hello& a, const Hello& b) {
  return a.epoch == b.epoch && a.index == b.index && a.fingerprint == b.fingerprint;
}

Agreement agree_on(const EngineView& view, const std::map<NodeId, Hello>& hellos) {
  const auto best = std::ranges::max_element(hellos, [](const auto& a, const auto& b) {
    return rank(a.first, a.second) < rank(b.first, b.second);
  });
  const Hello& source = best->second;
  Agreement agreed{.source = best->first};
  agreed.waits_for = why_wait(source, view, hellos);
  if (!agreed.waits_for.empty()) return agreed;
  const auto newest =
      std::ranges::max_element(hellos, {}, [](const auto& entry) { return entry.second.epoch; });
  agreed.change = {.epoch = next_epoch(newest->second.epoch, view.ring),
                   .continuity = continuity_of(hellos, source),
                   .configured = source.configured};
  for (const auto node : view.nodes) {
    const auto said = hellos.find(node);
    const bool here = said != hellos.end() && takes_part(said->second, source);
    agreed.change.here.push_back({node, here ? said->second.incarnation : 0});
    if (here) agreed.releases[node] = {said->second.release, said->second.format};
  }
  std::ranges::sort(agreed.change.here, {}, &NodeHere::id);
  std::ranges::sort(agreed.change.configured, {}, &NodeNamed::id);
  agreed.some_differ = std::ranges::any_of(
      hellos, [&](const auto& entry) { return !same_state(entry.second, source); });
  return agreed;
}

}  // namespace upbeat
