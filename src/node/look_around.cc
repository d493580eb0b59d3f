// SPDX-License-Identifier: Apache-2.0
// A member's part in a drill.
#include "node/look_around.h"

#include <algorithm>
#include <utility>

#include "base/printable.h"

namespace upbeat {
namespace {

std::string shown(const std::string& text) { return printable(text, drill_text_limit_bytes); }

std::string not_within_patience() {
  return "no answer within " + std::to_string(look_patience.count()) + " s";
}

DeviceAnswer answer_of(const OutletSeen& seen) {
  DeviceAnswer answer{.device = shown(seen.device),
                      .level = static_cast<std::uint32_t>(seen.level),
                      .plug = shown(seen.plug)};
  if (seen.state) {
    answer.outlet = *seen.state == PowerState::on ? Outlet::on : Outlet::off;
  } else {
    answer.trouble = shown(seen.state.error().text);
  }
  return answer;
}

}  // namespace

/// One look, until all have answered or its time is over.
struct LookAround::Look {
  struct Peer {
    PeerReport report;
    std::string name;
    bool probed = false;
    bool reached = false;
  };
  std::vector<Peer> peers;
  Done done;
  Timer patience;

  [[nodiscard]] bool is_complete() const {
    return std::ranges::all_of(peers, [](const Peer& peer) { return peer.probed && peer.reached; });
  }
};

Result<void> LookAround::look(NodeId self, Done done) {
  if (looks_.size() >= looks_limit) {
    return fail("it takes part in " + std::to_string(looks_limit) + " drills already");
  }
  const auto look = std::make_shared<Look>();
  look->done = std::move(done);
  for (const auto& [id, node] : state_().nodes) {
    if (id == self) continue;
    look->peers.push_back({.report = {.node = id, .up = online(state_(), id) != nullptr},
                           .name = name_of(state_(), id)});
  }
  looks_.push_back(look);
  look->patience = clock_.after(look_patience, [this, look = look.get()] { finish(*look); });
  for (std::size_t peer = 0; peer < look->peers.size(); ++peer) ask(look, peer);
  if (look->peers.empty()) {
    look->patience = clock_.after({}, [this, look = look.get()] { finish(*look); });
  }
  return {};
}

void LookAround::ask(const std::shared_ptr<Look>& look, std::size_t peer) {
  auto& asked = look->peers[peer];
  fencer_.probe(asked.name,
                [this, weak = std::weak_ptr(look), peer](const std::vector<OutletSeen>& devices) {
                  const auto still = weak.lock();
                  if (!still) return;
                  auto& seen = still->peers[peer];
                  seen.probed = true;
                  for (const auto& device : devices) {
                    if (seen.report.devices.size() == drill_devices_limit) break;
                    seen.report.devices.push_back(answer_of(device));
                  }
                  if (still->is_complete()) finish(*still);
                });
  if (!asked.report.up) {
    asked.reached = true;
    return;
  }
  hypervisor_.reach(asked.name,
                    [this, weak = std::weak_ptr(look), peer](const Result<std::string>& there) {
                      const auto still = weak.lock();
                      if (!still) return;
                      auto& seen = still->peers[peer];
                      seen.reached = true;
                      if (there) {
                        seen.report.hypervisor = shown(*there);
                      } else {
                        seen.report.way_trouble = shown(there.error().text);
                      }
                      if (still->is_complete()) finish(*still);
                    });
}

void LookAround::finish(Look& look) {
  const auto found = std::ranges::find(looks_, &look, &std::shared_ptr<Look>::get);
  const auto ended = std::move(*found);
  looks_.erase(found);
  std::vector<PeerReport> reports;
  for (auto& peer : ended->peers) {
    if (!peer.probed) {
      peer.report.devices.push_back(
          {.outlet = Outlet::unknown, .trouble = "its fence devices: " + not_within_patience()});
    }
    if (!peer.reached) peer.report.way_trouble = "its hypervisor: " + not_within_patience();
    peer.report.up = peer.report.up && online(state_(), peer.report.node) != nullptr;
    reports.push_back(std::move(peer.report));
  }
  ended->done(std::move(reports));
}

}  // namespace upbeat
