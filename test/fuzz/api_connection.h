// SPDX-License-Identifier: Apache-2.0
// One connection to the API, served by a real session in front of a whole cluster in memory.
#pragma once

#include <string>

namespace upbeat::fuzz {

/// All that the API says to whoever sends these bytes and then no more.
[[nodiscard]] std::string answers_to(const std::string& bytes);

}  // namespace upbeat::fuzz
