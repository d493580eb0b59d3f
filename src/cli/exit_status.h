// SPDX-License-Identifier: Apache-2.0
// What `upbeat` says to scripts when it ends.
#pragma once

namespace upbeat::cli {

inline constexpr int exit_done = 0;
inline constexpr int exit_refused = 1;        ///< refused, or it failed
inline constexpr int exit_usage = 2;          ///< the command line makes no sense
inline constexpr int exit_unreachable = 3;    ///< no daemon answers, or not for this user
inline constexpr int exit_timeout = 4;        ///< --timeout ran out; the work goes on
inline constexpr int exit_would_be_down = 5;  ///< simulate --from-cluster: a VM would stay down
inline constexpr int exit_interrupted = 130;

}  // namespace upbeat::cli
