// SPDX-License-Identifier: Apache-2.0
// What an emulated guest may believe about time.
#pragma once

#include <string>

namespace upbeat::lab {

/// Cycles of this machine's time stamp counter in a millisecond; 0 if the counter cannot be trusted
/// (`cpuinfo` does not say that it runs always and always equally fast). Takes 50 ms.
[[nodiscard]] int trusted_tsc_khz(const std::string& cpuinfo);

}  // namespace upbeat::lab
