// SPDX-License-Identifier: Apache-2.0
// One connection to the local Corosync: libcpg, libquorum, libcmap, libcfg; nothing else knows
// them.
#include "engine/corosync_connection.h"

#include <corosync/cfg.h>
#include <corosync/corotypes.h>
#include <corosync/cpg.h>
#include <corosync/quorum.h>
#include <sys/uio.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "engine/corosync_calls.h"
#include "engine/corosync_configuration.h"

namespace upbeat {

struct CorosyncHandles {
  cpg_handle_t cpg = 0;
  quorum_handle_t quorum = 0;
  corosync_cfg_handle_t cfg = 0;
  bool cpg_open = false;
  bool quorum_open = false;
  bool cfg_open = false;
  NodeId self;
  CorosyncConfiguration configuration;
  CorosyncEvents* events = nullptr;  // while dispatching
  bool told = false;                 // something, in this dispatch

  CorosyncHandles() = default;
  CorosyncHandles(const CorosyncHandles&) = delete;
  CorosyncHandles& operator=(const CorosyncHandles&) = delete;
  ~CorosyncHandles() {
    if (cpg_open) cpg_finalize(cpg);
    if (quorum_open) quorum_finalize(quorum);
    if (cfg_open) corosync_cfg_finalize(cfg);
  }
};

namespace {

constexpr std::string_view group_name = "upbeat";

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
  if (const auto code = handles->configuration.open(); code != CS_OK) {
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
  return handles_->configuration.nodes();
}

Result<RingTiming> CorosyncConnection::ring_timing() const {
  return handles_->configuration.ring_timing();
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
      fd = handles_->configuration.fd();
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
        code = handles_->configuration.dispatch_one(handles_->told);
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
