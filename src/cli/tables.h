// SPDX-License-Identifier: Apache-2.0
// Nodes, VMs and rules as people read them: the API's JSON to text. Pure.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>

#include "cli/terminal.h"

namespace upbeat::cli {

/// All of /v1/status: the cluster in a line or more, then nodes, then VMs.
[[nodiscard]] std::string status_text(const boost::json::value& status, Colours colours);
/// The `nodes` and `vms` of /v1/status, one row each.
[[nodiscard]] std::string nodes_text(const boost::json::value& status, Colours colours);
[[nodiscard]] std::string vms_text(const boost::json::value& status, Colours colours);
/// The `rules` of /v1/rules, one row each.
[[nodiscard]] std::string rules_text(const boost::json::value& list, Colours colours);
/// The policy, one row for each key, with what it means.
[[nodiscard]] std::string policy_text(const boost::json::value& policy);
/// "[#####-----]  50 %  128 MiB left  200 MiB/s  640 ms to go" of a VM's `progress`.
[[nodiscard]] std::string progress_text(const boost::json::value& progress);

}  // namespace upbeat::cli
