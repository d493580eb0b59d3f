// SPDX-License-Identifier: Apache-2.0
// What of a drill's answers would fail on the day.
#include "core/drill.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "core/evacuation.h"

namespace upbeat {
namespace {

/// Guests that are named where many find no place.
constexpr std::size_t named_limit = 3;

std::string names(const State& state, const std::set<NodeId>& nodes) {
  std::string text;
  for (const auto node : nodes) text += (text.empty() ? "" : ", ") + name_of(state, node);
  return text;
}

std::string device_text(const DeviceAnswer& device) {
  return device.device + (device.plug.empty() ? "" : " (plug " + device.plug + ")");
}

using Levels = std::map<std::uint32_t, std::vector<const DeviceAnswer*>>;

Levels levels_of(const PeerReport& peer) {
  Levels levels;
  for (const auto& device : peer.devices) levels[device.level].push_back(&device);
  return levels;
}

/// Looks at one thing after the other; what several members tell alike becomes one finding.
class Look {
 public:
  Look(const State& state, const DrillAnswers& answers) : state_(state), answers_(answers) {}

  std::vector<DrillFinding> all() {
    each_peer([this](NodeId by, const PeerReport& peer) {
      outlets_that_are_off(by, peer);
      ways(by, peer);
      devices_that_fail(by, peer);
    });
    plugs();
    for (const auto& [node, record] : state_.nodes) {
      proof(node, record);
      members_without_device(node);
      room(node);
      member(node, record);
    }
    for (const auto& [id, vm] : state_.vms) {
      const auto* alarm = std::get_if<Alarm>(&vm.phase);
      if (alarm != nullptr) add(Flaw::alarm, NodeId(), id.get() + ": " + alarm->what);
    }
    merge();
    std::ranges::stable_sort(found_, [](const DrillFinding& a, const DrillFinding& b) {
      return std::tuple(a.flaw, a.node) < std::tuple(b.flaw, b.node);
    });
    return std::move(found_);
  }

 private:
  template <class Call>
  void each_peer(Call call) const {
    for (const auto& [by, answer] : answers_) {
      for (const auto& peer : answer.report.peers) call(by, peer);
    }
  }

  void add(Flaw flaw, NodeId node, std::string text) {
    found_.push_back({flaw, node, std::move(text)});
  }

  /// Two supplies are two devices of one level: a node is off when both say so.
  void outlets_that_are_off(NodeId by, const PeerReport& peer) {
    if (!peer.up) return;
    const auto is_off = [](const DeviceAnswer* device) { return device->outlet == Outlet::off; };
    for (const auto& [level, devices] : levels_of(peer)) {
      const bool all = std::ranges::all_of(devices, is_off);
      for (const auto* device : devices) {
        if (!is_off(device)) continue;
        const auto flaw = all ? Flaw::proved_off_alive : Flaw::supply_off;
        alike_[{flaw, peer.node, device_text(*device)}].insert(by);
      }
    }
  }

  void devices_that_fail(NodeId by, const PeerReport& peer) {
    for (const auto& device : peer.devices) {
      if (device.outlet != Outlet::unknown) continue;
      alike_[{Flaw::device_fails, by, device.trouble}].insert(peer.node);
    }
  }

  void ways(NodeId by, const PeerReport& peer) {
    if (!peer.up || peer.way_trouble.empty()) return;
    alike_[{Flaw::way_closed, by, peer.way_trouble}].insert(peer.node);
  }

  void merge() {
    for (const auto& [what, nodes] : alike_) {
      const auto& [flaw, node, text] = what;
      const auto name = name_of(state_, node);
      const auto others = names(state_, nodes);
      if (flaw == Flaw::proved_off_alive) {
        add(flaw, node,
            text + " says that " + name + " is OFF, but it is up: on the day it would count as " +
                "proved off while it runs, and its guests would run twice; correct the plug on " +
                others + ", or the cabling");
      } else if (flaw == Flaw::supply_off) {
        add(flaw, node,
            text + " says that " + name + " is off, and another of its devices does not: either " +
                "the plug is wrong, or one of its supplies has no power (asked by " + others + ")");
      } else if (flaw == Flaw::device_fails) {
        add(flaw, node, name + " could not fence " + others + ": " + text);
      } else {
        add(flaw, node, "no guest can move from " + name + " to " + others + ": " + text);
      }
    }
  }

  void plugs() {
    std::map<std::pair<NodeId, std::string>, std::map<std::string, std::set<NodeId>>> seen;
    each_peer([&](NodeId by, const PeerReport& peer) {
      std::map<std::string, std::string> plugs_of;  // a node may have several on one device
      for (const auto& device : peer.devices) {
        auto& all = plugs_of[device.device];
        all += (all.empty() ? "" : ", ") + device.plug;
      }
      for (const auto& [device, all] : plugs_of) seen[{peer.node, device}][all].insert(by);
    });
    for (const auto& [what, by_plug] : seen) {
      if (by_plug.size() < 2) continue;
      std::string said;
      for (const auto& [plug, members] : by_plug) {
        said += (said.empty() ? "" : "; ") + ("'" + plug + "' on " + names(state_, members));
      }
      add(Flaw::plugs_differ, what.first,
          "members disagree on which plug of " + what.second + " is that of " +
              name_of(state_, what.first) + " (" + said +
              "): one of them would switch another node off");
    }
  }

  /// Whether a watchdog counts once the node is gone (state.h, has_majority).
  [[nodiscard]] bool watchdog_proves(NodeId node, const NodeRecord& record) const {
    if (record.watchdog.count() == 0) return false;
    const auto left = std::ranges::count_if(state_.nodes, [&](const auto& entry) {
      return entry.first != node && std::holds_alternative<Online>(entry.second.standing);
    });
    return static_cast<std::size_t>(left) * 2 > state_.nodes.size();
  }

  /// Of the members that could have to prove it off, those that hear of all devices of a level.
  [[nodiscard]] bool device_proves(NodeId node) const {
    bool proves = false;
    each_peer([&](NodeId /*by*/, const PeerReport& peer) {
      if (peer.node != node) return;
      for (const auto& [level, devices] : levels_of(peer)) {
        proves = proves || std::ranges::none_of(devices, [](const DeviceAnswer* device) {
                   return device->outlet == Outlet::unknown;
                 });
      }
    });
    return proves;
  }

  void proof(NodeId node, const NodeRecord& record) {
    if (state_.nodes.size() < 2 || watchdog_proves(node, record) || device_proves(node)) return;
    add(Flaw::no_proof, node,
        "if " + name_of(state_, node) + " dies, nothing proves it off: no fence device answers " +
            "for it, and " +
            (record.watchdog.count() == 0 ? "it has no watchdog"
                                          : "its watchdog counts only where more than half of "
                                            "the nodes are left") +
            "; its guests would wait for `upbeat node confirm-off`");
  }

  void members_without_device(NodeId node) {
    std::set<NodeId> with;
    std::set<NodeId> without;
    each_peer([&](NodeId by, const PeerReport& peer) {
      if (peer.node == node) (peer.devices.empty() ? without : with).insert(by);
    });
    if (with.empty() || without.empty()) return;
    add(Flaw::no_device, node,
        names(state_, without) + " could not fence " + name_of(state_, node) +
            ": no fence device there has a plug for it, as on " + names(state_, with));
  }

  static std::string stranded_text(const std::vector<Stranded>& stranded) {
    std::string text;
    for (std::size_t at = 0; at < std::min(stranded.size(), named_limit); ++at) {
      text += (text.empty() ? "" : "; ") + stranded[at].why;
    }
    if (stranded.size() <= named_limit) return text;
    return text + "; and " + std::to_string(stranded.size() - named_limit) + " guests more";
  }

  void room(NodeId node) {
    if (online(state_, node) == nullptr) return;
    const auto drained = stranded_by_drain(state_, node);
    const auto lost = stranded_by_loss(state_, node);
    const auto name = name_of(state_, node);
    const bool same = std::ranges::equal(drained, lost, {}, &Stranded::vm, &Stranded::vm);
    if (!drained.empty()) {
      add(Flaw::cannot_empty, node,
          name + " cannot be emptied" +
              (same ? ", and if it died these guests would stay down: " : ": ") +
              stranded_text(drained));
    }
    if (lost.empty() || same) return;
    add(Flaw::no_room, node,
        "if " + name + " died, guests would stay down: " + stranded_text(lost));
  }

  void member(NodeId node, const NodeRecord& record) {
    const auto found = answers_.find(node);
    const auto name = name_of(state_, node);
    if (found == answers_.end() || found->second.answering == Answering::silent) {
      add(Flaw::silent, node,
          name + " was not tested: " +
              (found == answers_.end() ? "it is new" : found->second.trouble));
      return;
    }
    const auto& report = found->second.report;
    for (const auto& alarm : report.alarms) add(Flaw::alarm, node, name + ": " + alarm);
    if (report.has_watchdog && record.watchdog.count() == 0) {
      add(Flaw::alarm, node, name + ": its watchdog is configured and not armed");
    }
  }

  const State& state_;
  const DrillAnswers& answers_;
  /// What is told alike: by or of these nodes.
  std::map<std::tuple<Flaw, NodeId, std::string>, std::set<NodeId>> alike_;
  std::vector<DrillFinding> found_;
};

}  // namespace

bool is_over(const DrillAnswers& answers) {
  return std::ranges::none_of(
      answers, [](const auto& entry) { return entry.second.answering == Answering::waiting; });
}

std::vector<DrillFinding> findings(const State& state, const DrillAnswers& answers) {
  if (!is_over(answers)) return {};
  return Look(state, answers).all();
}

}  // namespace upbeat
