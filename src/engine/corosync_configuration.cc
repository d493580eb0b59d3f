// SPDX-License-Identifier: Apache-2.0
// Keys of libcmap become nodes and times.
#include "engine/corosync_configuration.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstring>
#include <string_view>

#include "engine/corosync_calls.h"

namespace upbeat {
namespace {

constexpr char nodelist_prefix[] = "nodelist.node.";
/// In force, with defaults and what the number of nodes adds (cmap_keys(7)).
constexpr char token_key[] = "runtime.config.totem.token";
constexpr char consensus_key[] = "runtime.config.totem.consensus";

}  // namespace

CorosyncConfiguration::~CorosyncConfiguration() {
  if (open_) cmap_finalize(cmap_);
}

cs_error_t CorosyncConfiguration::open() {
  cs_error_t code = patiently([&] { return cmap_initialize(&cmap_); });
  open_ = code == CS_OK;
  cmap_track_handle_t track = 0;
  if (code == CS_OK) {
    code =
        cmap_track_add(cmap_, nodelist_prefix,
                       CMAP_TRACK_ADD | CMAP_TRACK_DELETE | CMAP_TRACK_MODIFY | CMAP_TRACK_PREFIX,
                       on_node, this, &track);
  }
  if (code == CS_OK) code = track_timing();
  cmap_iter_handle_t walk = 0;
  if (code == CS_OK) code = cmap_iter_init(cmap_, nodelist_prefix, &walk);
  if (code != CS_OK) return code;
  char key[CMAP_KEYNAME_MAXLEN + 1];
  std::size_t size = 0;
  cmap_value_types_t type{};
  while (cmap_iter_next(cmap_, walk, key, &size, &type) == CS_OK) {
    std::string value(size, '\0');
    if (cmap_get(cmap_, key, value.data(), &size, &type) == CS_OK) note(key, type, value);
  }
  cmap_iter_finalize(cmap_, walk);
  return CS_OK;
}

int CorosyncConfiguration::fd() const {
  int fd = -1;
  cmap_fd_get(cmap_, &fd);
  return fd;
}

cs_error_t CorosyncConfiguration::dispatch_one(bool& told) {
  told_ = false;
  const auto code = cmap_dispatch(cmap_, CS_DISPATCH_ONE_NONBLOCKING);
  told = told || told_;
  return code;
}

cs_error_t CorosyncConfiguration::track_timing() {
  for (const char* key : {token_key, consensus_key}) {
    cmap_track_handle_t track = 0;
    const auto code =
        cmap_track_add(cmap_, key, CMAP_TRACK_ADD | CMAP_TRACK_MODIFY, on_timing, this, &track);
    if (code != CS_OK) return code;
    std::uint32_t ms = 0;
    if (cmap_get_uint32(cmap_, key, &ms) == CS_OK) timing(key) = ms;
  }
  return CS_OK;
}

std::optional<std::uint32_t>& CorosyncConfiguration::timing(std::string_view key) {
  return key == token_key ? token_ms_ : consensus_ms_;
}

void CorosyncConfiguration::note(std::string_view key, cmap_value_types_t type,
                                 std::string_view value) {
  key.remove_prefix(std::min(key.size(), std::strlen(nodelist_prefix)));
  int place = 0;
  const auto [rest, error] = std::from_chars(key.data(), key.data() + key.size(), place);
  if (error != std::errc{}) return;
  const std::string_view field(rest, key.data() + key.size());
  Node& node = nodes_[place];
  if (field == ".nodeid" && type == CMAP_VALUETYPE_UINT32 && value.size() == 4) {
    std::uint32_t id = 0;
    std::memcpy(&id, value.data(), sizeof id);
    node.id = id;
  } else if (type == CMAP_VALUETYPE_STRING) {
    value = value.substr(0, value.find('\0'));
    if (field == ".name") node.name = value;
    if (field == ".ring0_addr") node.address = value;
  }
}

void CorosyncConfiguration::on_node(cmap_handle_t /*handle*/, cmap_track_handle_t /*track*/,
                                    std::int32_t event, const char* key, cmap_notify_value now,
                                    cmap_notify_value before, void* user_data) {
  auto& here = *static_cast<CorosyncConfiguration*>(user_data);
  here.told_ = true;
  if (event == CMAP_TRACK_DELETE) {  // a node goes by losing all its keys
    if (std::string_view(key).ends_with(".nodeid")) {
      std::uint32_t id = 0;
      if (before.len == sizeof id) std::memcpy(&id, before.data, sizeof id);
      std::erase_if(here.nodes_, [&](const auto& node) { return node.second.id == id; });
    }
    return;
  }
  here.note(key, now.type, {static_cast<const char*>(now.data), now.len});
}

void CorosyncConfiguration::on_timing(cmap_handle_t /*handle*/, cmap_track_handle_t /*track*/,
                                      std::int32_t /*event*/, const char* key,
                                      cmap_notify_value now, cmap_notify_value /*before*/,
                                      void* user_data) {
  auto& here = *static_cast<CorosyncConfiguration*>(user_data);
  here.told_ = true;
  std::uint32_t ms = 0;
  if (now.type != CMAP_VALUETYPE_UINT32 || now.len != sizeof ms) return;
  std::memcpy(&ms, now.data, sizeof ms);
  here.timing(key) = ms;
}

Result<std::vector<ConfiguredNode>> CorosyncConfiguration::nodes() const {
  std::vector<ConfiguredNode> nodes;
  for (const auto& [place, node] : nodes_) {
    if (!node.id) continue;
    nodes.push_back({NodeId(*node.id), node.name.empty() ? node.address : node.name});
  }
  if (nodes.empty()) {
    return fail(
        "Cannot tell the cluster's nodes: Corosync's configuration names none; add a nodelist with "
        "a nodeid and a name for each node to corosync.conf(5).");
  }
  std::ranges::sort(nodes, {}, &ConfiguredNode::id);
  return nodes;
}

Result<RingTiming> CorosyncConfiguration::ring_timing() const {
  if (!token_ms_ || !consensus_ms_) {
    return fail("Cannot tell how long Corosync needs to form a ring: it does not say `" +
                std::string(token_ms_ ? consensus_key : token_key) +
                "`; look at `corosync-cmapctl -g` of it, and use Corosync 3.");
  }
  return RingTiming{.token = std::chrono::milliseconds(*token_ms_),
                    .consensus = std::chrono::milliseconds(*consensus_ms_)};
}

}  // namespace upbeat
