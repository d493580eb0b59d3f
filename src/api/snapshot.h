// SPDX-License-Identifier: Apache-2.0
// The whole state for a program that goes on with it, such as a simulation of this very cluster.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>

#include "api/service.h"
#include "base/result.h"
#include "core/state.h"

namespace upbeat {

/// {quorate, trouble, snapshot}. `snapshot` is what members give each other (wire/wire.h), in
/// hexadecimal digits, without the guests' definitions: they are large, and may hold passwords.
[[nodiscard]] boost::json::object snapshot_view(const State& state, const DaemonStatus& daemon);

/// The state of a `snapshot`; its guests' `domain_xml` is empty. An error says what is wrong with
/// it, also where a daemon of another release wrote it.
[[nodiscard]] Result<State> read_snapshot(const std::string& snapshot);

}  // namespace upbeat
