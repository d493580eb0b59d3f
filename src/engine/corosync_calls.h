// SPDX-License-Identifier: Apache-2.0
// What all calls of Corosync's libraries have in common: they may have to be made again, and they
// answer with a number.
#pragma once

#include <corosync/corotypes.h>

#include <chrono>
#include <string>
#include <string_view>
#include <thread>

#include "base/result.h"

namespace upbeat {

/// Corosync answers "try again" while it forms a ring or still forgets our last life.
inline constexpr int try_again_limit = 100;
inline constexpr std::chrono::milliseconds try_again_pause{10};

inline std::string describe_corosync(cs_error_t code) {
  const char* text = cs_strerror(code);
  return std::string(text == nullptr ? "unknown error" : text) + " (" + std::to_string(code) + ")";
}

inline std::unexpected<Error> unreachable(std::string_view attempted, cs_error_t code) {
  return fail("Cannot " + std::string(attempted) + ": Corosync answers " + describe_corosync(code) +
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

}  // namespace upbeat
