// SPDX-License-Identifier: Apache-2.0
// The cluster as the API shows it: State to JSON. Pure; docs/api/openapi.yaml gives the shapes.
#pragma once

#include <boost/json/fwd.hpp>
#include <vector>

#include "api/service.h"
#include "core/state.h"
#include "ports/journal.h"

namespace upbeat {

/// Everything at once: {daemon, cluster, nodes, vms, rules, policy}. Memory is in MiB, times are
/// cluster time in ms, what does not apply is null.
[[nodiscard]] boost::json::object status_view(const State& state, const DaemonStatus& daemon);

/// The node; REQUIRES: it is in `state`.
[[nodiscard]] boost::json::object node_view(const State& state, NodeId node);

/// The guest without its definition; REQUIRES: it is in `state`.
[[nodiscard]] boost::json::object vm_view(const State& state, const VmId& vm);

/// The guest with its definition (`domain_xml`); REQUIRES: it is in `state`.
[[nodiscard]] boost::json::object vm_full_view(const State& state, const VmId& vm);

/// The rule, how it reads and how it is broken; REQUIRES: it is in `state`.
[[nodiscard]] boost::json::object rule_view(const State& state, const RuleId& rule);

[[nodiscard]] boost::json::object policy_view(const Policy& policy);

/// The words of a rule: "together", …, and "strict", "best-effort".
[[nodiscard]] std::string kind_word(RuleKind kind);
[[nodiscard]] std::string strictness_word(Strictness strictness);

/// Lines of history, each {index, wall_ms, subject, text}.
[[nodiscard]] boost::json::object history_view(const HistoryLine& line);
[[nodiscard]] boost::json::array history_view(const std::vector<HistoryLine>& lines);

/// {error: text}; the text is made printable and ends at `error_limit_bytes`.
[[nodiscard]] boost::json::object error_view(const std::string& text);
inline constexpr std::size_t error_limit_bytes = 1000;

/// `value` as one line of JSON, with its line end. JSON is UTF-8 (RFC 8259, 8.1), but what devices
/// and hypervisors say need not be.
[[nodiscard]] std::string json_line(const boost::json::value& value);

}  // namespace upbeat
