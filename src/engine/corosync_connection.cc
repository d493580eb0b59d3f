// SPDX-License-Identifier: Apache-2.0
// One connection to the local Corosync: libcpg, libquorum, libcmap, libcfg; nothing else knows
// them.
#include "engine/corosync_connection.h"

#include <corosync/cfg.h>
#include <corosync/cmap.h>
#include <corosync/corotypes.h>
#include <corosync/cpg.h>
#include <corosync/quorum.h>
#include <sys/uio.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <map>
#include <optional>
#include <thread>

namespace upbeat {

struct NodeEntry {
  std::optional<std::uint32_t> id;
  std::string name;
  std::string address;
};

struct CorosyncHandles {
  cpg_handle_t cpg = 0;
  quorum_handle_t quorum = 0;
  cmap_handle_t cmap = 0;
  corosync_cfg_handle_t cfg = 0;
  bool cpg_open = false;
  bool quorum_open = false;
  bool cmap_open = false;
  bool cfg_open = false;
  NodeId self;
  std::map<int, NodeEntry> nodelist;  // by its place in corosync.conf
  std::optional<std::uint32_t> token_ms;
  std::optional<std::uint32_t> consensus_ms;
  CorosyncEvents* events = nullptr;  // while dispatching
  bool told = false;                 // something, in this dispatch

  CorosyncHandles() = default;
  CorosyncHandles(const CorosyncHandles&) = delete;
  CorosyncHandles& operator=(const CorosyncHandles&) = delete;
  ~CorosyncHandles() {
    if (cpg_open) cpg_finalize(cpg);
    if (quorum_open) quorum_finalize(quorum);
    if (cmap_open) cmap_finalize(cmap);
    if (cfg_open) corosync_cfg_finalize(cfg);
  }
};

namespace {

constexpr std::string_view group_name = "upbeat";
constexpr char nodelist_prefix[] = "nodelist.node.";
/// In force, with defaults and what the number of nodes adds (cmap_keys(7)).
constexpr char token_key[] = "runtime.config.totem.token";
constexpr char consensus_key[] = "runtime.config.totem.consensus";

/// Corosync answers "try again" while it forms a ring or still forgets our last life.
constexpr int try_again_limit = 100;
constexpr std::chrono::milliseconds try_again_pause{10};

std::string describe(cs_error_t code) {
  const char* text = cs_strerror(code);
  return std::string(text == nullptr ? "unknown error" : text) + " (" + std::to_string(code) + ")";
}

std::unexpected<Error> unreachable(std::string_view attempted, cs_error_t code) {
  return fail("Cannot " + std::string(attempted) + ": Corosync answers " + describe(code) +
              "; look whether it runs on this node with `systemctl status corosync` and start it "
              "with `systemctl start corosync`.");
}

/// For a worker's thread only: there is nothing to wait on but time.
template <class Call>
cs_error_t patiently(Call call) {
  cs_error_t code = call();
  for (int tries = 1; code == CS_ERR_TRY_AGAIN && tries < try_again_limit; ++tries) {
    std::this_thread::sleep_for(try_again_pause);
    code = call();
  }
  return code;
}

// ---- the process group ---------------------------------------------------------------------

CorosyncHandles& of_cpg(cpg_handle_t handle) {
  void* context = nullptr;
  cpg_context_get(handle, &context);
  auto& handles = *static_cast<CorosyncHandles*>(context);
  handles.told = true;
  return handles;
}

std::vector<ProcessId> processes(const cpg_address* list, std::size_t count) {
  std::vector<ProcessId> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back({NodeId(list[i].nodeid), list[i].pid});
  return out;
}

void on_deliver(cpg_handle_t handle, const cpg_name* /*group*/, std::uint32_t node,
                std::uint32_t pid, void* bytes, std::size_t size) {
  of_cpg(handle).events->on_bytes({NodeId(node), pid}, {static_cast<const char*>(bytes), size});
}

void on_confchg(cpg_handle_t handle, const cpg_name* /*group*/, const cpg_address* members,
                std::size_t member_count, const cpg_address* left, std::size_t left_count,
                const cpg_address* joined, std::size_t joined_count) {
  // Corosync tells NODEDOWN and NODEUP in one go with the ring that they belong to, and before it
  // (exec/cpg.c: cpg_sync_activate).
  const auto by_ring = [](const cpg_address& address) {
    return address.reason == CPG_REASON_NODEDOWN || address.reason == CPG_REASON_NODEUP;
  };
  const bool with_ring = std::any_of(left, left + left_count, by_ring) ||
                         std::any_of(joined, joined + joined_count, by_ring);
  of_cpg(handle).events->on_group(
      {.in = with_ring ? GroupChange::In::new_ring : GroupChange::In::same_ring,
       .members = processes(members, member_count),
       .left = processes(left, left_count),
       .joined = processes(joined, joined_count)});
}

void on_totem_confchg(cpg_handle_t handle, cpg_ring_id ring, std::uint32_t /*count*/,
                      const std::uint32_t* /*nodes*/) {
  of_cpg(handle).events->on_ring({ring.seq, NodeId(ring.nodeid)});
}

cs_error_t open_cpg(CorosyncHandles& to) {
  cpg_model_v1_data_t model{};
  model.model = CPG_MODEL_V1;
  model.cpg_deliver_fn = on_deliver;
  model.cpg_confchg_fn = on_confchg;
  model.cpg_totem_confchg_fn = on_totem_confchg;
  model.flags = CPG_MODEL_V1_DELIVER_INITIAL_TOTEM_CONF;
  cs_error_t code = patiently([&] {
    return cpg_model_initialize(&to.cpg, CPG_MODEL_V1, reinterpret_cast<cpg_model_data_t*>(&model),
                                &to);
  });
  to.cpg_open = code == CS_OK;
  unsigned self = 0;
  if (code == CS_OK) code = cpg_local_get(to.cpg, &self);
  to.self = NodeId(self);
  return code;
}

cpg_name group() {
  cpg_name name{};
  name.length = group_name.size();
  std::memcpy(name.value, group_name.data(), group_name.size());
  return name;
}

cs_error_t join(CorosyncHandles& handles) {
  const cpg_name group = upbeat::group();
  return patiently([&] { return cpg_join(handles.cpg, &group); });
}

// ---- the quorum service --------------------------------------------------------------------

CorosyncHandles& of_quorum(quorum_handle_t handle) {
  const void* context = nullptr;
  quorum_context_get(handle, &context);
  auto& handles = *static_cast<CorosyncHandles*>(const_cast<void*>(context));
  handles.told = true;
  return handles;
}

void on_quorum_notification(quorum_handle_t handle, std::uint32_t quorate, quorum_ring_id ring,
                            std::uint32_t count, const std::uint32_t* list) {
  QuorumNotice notice{.ring = {ring.seq, NodeId(ring.nodeid)}, .quorate = quorate != 0};
  for (std::uint32_t i = 0; i < count; ++i) notice.nodes.emplace_back(list[i]);
  of_quorum(handle).events->on_quorum(std::move(notice));
}

/// Comes before the quorum is known and says nothing that the other one does not.
void on_nodelist_notification(quorum_handle_t handle, quorum_ring_id /*ring*/,
                              std::uint32_t /*count*/, const std::uint32_t* /*members*/,
                              std::uint32_t /*count*/, const std::uint32_t* /*joined*/,
                              std::uint32_t /*count*/, const std::uint32_t* /*left*/) {
  of_quorum(handle);
}

Result<void> open_quorum(CorosyncHandles& to) {
  quorum_model_v1_data_t model{};
  model.model = QUORUM_MODEL_V1;
  model.quorum_notify_fn = on_quorum_notification;
  model.nodelist_notify_fn = on_nodelist_notification;
  std::uint32_t type = QUORUM_FREE;
  cs_error_t code = patiently([&] {
    return quorum_model_initialize(&to.quorum, QUORUM_MODEL_V1,
                                   reinterpret_cast<quorum_model_data_t*>(&model), &type, &to);
  });
  to.quorum_open = code == CS_OK;
  if (code == CS_OK && type != QUORUM_SET) {
    return fail(
        "Cannot follow the cluster's quorum: Corosync has no quorum provider; set `provider: "
        "corosync_votequorum` in the quorum section of corosync.conf(5) on every node.");
  }
  if (code == CS_OK) code = quorum_trackstart(to.quorum, CS_TRACK_CURRENT | CS_TRACK_CHANGES);
  if (code != CS_OK) return unreachable("follow the cluster's quorum", code);
  return {};
}

// ---- the configuration ---------------------------------------------------------------------

void note_key(std::map<int, NodeEntry>& nodelist, std::string_view key, cmap_value_types_t type,
              std::string_view value) {
  key.remove_prefix(std::min(key.size(), std::strlen(nodelist_prefix)));
  int place = 0;
  const auto [rest, error] = std::from_chars(key.data(), key.data() + key.size(), place);
  if (error != std::errc{}) return;
  const std::string_view field(rest, key.data() + key.size());
  NodeEntry& entry = nodelist[place];
  if (field == ".nodeid" && type == CMAP_VALUETYPE_UINT32 && value.size() == 4) {
    std::uint32_t id = 0;
    std::memcpy(&id, value.data(), sizeof id);
    entry.id = id;
  } else if (type == CMAP_VALUETYPE_STRING) {
    value = value.substr(0, value.find('\0'));
    if (field == ".name") entry.name = value;
    if (field == ".ring0_addr") entry.address = value;
  }
}

void on_configuration(cmap_handle_t /*handle*/, cmap_track_handle_t /*track*/, std::int32_t event,
                      const char* key, cmap_notify_value now, cmap_notify_value before,
                      void* user_data) {
  auto& handles = *static_cast<CorosyncHandles*>(user_data);
  handles.told = true;
  if (event == CMAP_TRACK_DELETE) {  // a node goes by losing all its keys
    if (std::string_view(key).ends_with(".nodeid")) {
      std::uint32_t id = 0;
      if (before.len == sizeof id) std::memcpy(&id, before.data, sizeof id);
      std::erase_if(handles.nodelist, [&](const auto& entry) { return entry.second.id == id; });
    }
    return;
  }
  note_key(handles.nodelist, key, now.type, {static_cast<const char*>(now.data), now.len});
}

std::optional<std::uint32_t>& timing(CorosyncHandles& handles, std::string_view key) {
  return key == token_key ? handles.token_ms : handles.consensus_ms;
}

void on_timing(cmap_handle_t /*handle*/, cmap_track_handle_t /*track*/, std::int32_t /*event*/,
               const char* key, cmap_notify_value now, cmap_notify_value /*before*/,
               void* user_data) {
  auto& handles = *static_cast<CorosyncHandles*>(user_data);
  handles.told = true;
  std::uint32_t ms = 0;
  if (now.type != CMAP_VALUETYPE_UINT32 || now.len != sizeof ms) return;
  std::memcpy(&ms, now.data, sizeof ms);
  timing(handles, key) = ms;
}

cs_error_t track_timing(CorosyncHandles& to) {
  for (const char* key : {token_key, consensus_key}) {
    cmap_track_handle_t track = 0;
    const auto code =
        cmap_track_add(to.cmap, key, CMAP_TRACK_ADD | CMAP_TRACK_MODIFY, on_timing, &to, &track);
    if (code != CS_OK) return code;
    std::uint32_t ms = 0;
    if (cmap_get_uint32(to.cmap, key, &ms) == CS_OK) timing(to, key) = ms;
  }
  return CS_OK;
}

cs_error_t open_configuration(CorosyncHandles& to) {
  cs_error_t code = patiently([&] { return cmap_initialize(&to.cmap); });
  to.cmap_open = code == CS_OK;
  cmap_track_handle_t track = 0;
  if (code == CS_OK) {
    code =
        cmap_track_add(to.cmap, nodelist_prefix,
                       CMAP_TRACK_ADD | CMAP_TRACK_DELETE | CMAP_TRACK_MODIFY | CMAP_TRACK_PREFIX,
                       on_configuration, &to, &track);
  }
  if (code == CS_OK) code = track_timing(to);
  cmap_iter_handle_t walk = 0;
  if (code == CS_OK) code = cmap_iter_init(to.cmap, nodelist_prefix, &walk);
  if (code != CS_OK) return code;
  char key[CMAP_KEYNAME_MAXLEN + 1];
  std::size_t size = 0;
  cmap_value_types_t type{};
  while (cmap_iter_next(to.cmap, walk, key, &size, &type) == CS_OK) {
    std::string value(size, '\0');
    if (cmap_get(to.cmap, key, value.data(), &size, &type) == CS_OK) {
      note_key(to.nodelist, key, type, value);
    }
  }
  cmap_iter_finalize(to.cmap, walk);
  return CS_OK;
}

// ---- Corosync's own end --------------------------------------------------------------------

/// libcfg's callback knows nothing of its owner: whose handle is being dispatched in this thread.
thread_local CorosyncHandles* dispatched_service = nullptr;

void on_stop_asked(corosync_cfg_handle_t /*handle*/, corosync_cfg_shutdown_flags_t /*flags*/) {
  if (dispatched_service == nullptr) return;
  dispatched_service->told = true;
  dispatched_service->events->on_stopping();
}

cs_error_t open_service(CorosyncHandles& to) {
  corosync_cfg_callbacks_t callbacks{.corosync_cfg_shutdown_callback = on_stop_asked};
  cs_error_t code = patiently([&] { return corosync_cfg_initialize(&to.cfg, &callbacks); });
  to.cfg_open = code == CS_OK;
  if (code == CS_OK) code = corosync_cfg_trackstart(to.cfg, 0);
  return code;
}

}  // namespace

Result<std::unique_ptr<CorosyncConnection>> CorosyncConnection::open() {
  auto handles = std::make_unique<CorosyncHandles>();
  if (const auto code = open_cpg(*handles); code != CS_OK) {
    return unreachable("reach the cluster engine", code);
  }
  if (const auto code = open_configuration(*handles); code != CS_OK) {
    return unreachable("read the cluster's configuration", code);
  }
  if (const auto code = open_service(*handles); code != CS_OK) {
    return unreachable("learn when the cluster engine is stopped", code);
  }
  if (const auto opened = open_quorum(*handles); !opened) return std::unexpected(opened.error());
  if (const auto code = join(*handles); code != CS_OK) {
    return unreachable("join the process group `upbeat`", code);
  }
  return std::unique_ptr<CorosyncConnection>(new CorosyncConnection(std::move(handles)));
}

CorosyncConnection::CorosyncConnection(std::unique_ptr<CorosyncHandles> handles)
    : handles_(std::move(handles)) {}

CorosyncConnection::~CorosyncConnection() = default;

NodeId CorosyncConnection::self() const { return handles_->self; }

Result<std::vector<ConfiguredNode>> CorosyncConnection::configured_nodes() const {
  std::vector<ConfiguredNode> nodes;
  for (const auto& [place, entry] : handles_->nodelist) {
    if (!entry.id) continue;
    nodes.push_back({NodeId(*entry.id), entry.name.empty() ? entry.address : entry.name});
  }
  if (nodes.empty()) {
    return fail(
        "Cannot tell the cluster's nodes: Corosync's configuration names none; add a nodelist with "
        "a nodeid and a name for each node to corosync.conf(5).");
  }
  std::ranges::sort(nodes, {}, &ConfiguredNode::id);
  return nodes;
}

Result<RingTiming> CorosyncConnection::ring_timing() const {
  if (!handles_->token_ms || !handles_->consensus_ms) {
    return fail("Cannot tell how long Corosync needs to form a ring: it does not say `" +
                std::string(handles_->token_ms ? consensus_key : token_key) +
                "`; look at `corosync-cmapctl -g` of it, and use Corosync 3.");
  }
  return RingTiming{.token = std::chrono::milliseconds(*handles_->token_ms),
                    .consensus = std::chrono::milliseconds(*handles_->consensus_ms)};
}

int CorosyncConnection::fd(Stream stream) const {
  int fd = -1;
  switch (stream) {
    case Stream::group:
      cpg_fd_get(handles_->cpg, &fd);
      break;
    case Stream::quorum:
      quorum_fd_get(handles_->quorum, &fd);
      break;
    case Stream::configuration:
      cmap_fd_get(handles_->cmap, &fd);
      break;
    case Stream::service:
      corosync_cfg_fd_get(handles_->cfg, &fd);
      break;
  }
  return fd;
}

Result<CorosyncConnection::More> CorosyncConnection::dispatch(Stream stream,
                                                              CorosyncEvents& events) {
  handles_->events = &events;
  for (int i = 0; i < dispatch_limit; ++i) {
    handles_->told = false;
    cs_error_t code = CS_OK;
    switch (stream) {
      case Stream::group:
        code = cpg_dispatch(handles_->cpg, CS_DISPATCH_ONE_NONBLOCKING);
        break;
      case Stream::quorum:
        code = quorum_dispatch(handles_->quorum, CS_DISPATCH_ONE_NONBLOCKING);
        break;
      case Stream::configuration:
        code = cmap_dispatch(handles_->cmap, CS_DISPATCH_ONE_NONBLOCKING);
        break;
      case Stream::service:
        dispatched_service = handles_.get();
        code = corosync_cfg_dispatch(handles_->cfg, CS_DISPATCH_ONE_NONBLOCKING);
        dispatched_service = nullptr;
        break;
    }
    if (code == CS_ERR_TRY_AGAIN) return More::no;
    // libcpg hides that its handle went bad behind an "OK" that brought nothing.
    if (code == CS_OK && !handles_->told) code = CS_ERR_BAD_HANDLE;
    if (code != CS_OK) return unreachable("hear from the cluster engine", code);
  }
  return More::maybe;
}

void CorosyncConnection::leave() {
  const cpg_name group = upbeat::group();
  cpg_leave(handles_->cpg, &group);
}

void CorosyncConnection::allow_stop() {
  corosync_cfg_replyto_shutdown(handles_->cfg, COROSYNC_CFG_SHUTDOWN_FLAG_YES);
}

Result<CorosyncConnection::Sent> CorosyncConnection::send(std::string_view head,
                                                          std::string_view body) {
  const iovec parts[] = {{const_cast<char*>(head.data()), head.size()},
                         {const_cast<char*>(body.data()), body.size()}};
  const cs_error_t code = cpg_mcast_joined(handles_->cpg, CPG_TYPE_AGREED, parts, 2);
  if (code == CS_OK) return Sent::yes;
  if (code == CS_ERR_TRY_AGAIN) return Sent::later;
  return unreachable("send to the cluster", code);
}

}  // namespace upbeat
