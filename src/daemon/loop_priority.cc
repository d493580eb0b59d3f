// SPDX-License-Identifier: Apache-2.0
// By the scheduler: a policy for the calling thread alone.
#include "daemon/loop_priority.h"

#include <sched.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace upbeat {

Result<void> go_before_ordinary_work() {
  const sched_param lowest{.sched_priority = ::sched_get_priority_min(SCHED_RR)};
  if (::sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &lowest) == 0) return {};
  return fail(std::string("cannot go before ordinary work on this host: ") + std::strerror(errno) +
              "; give upbeatd CAP_SYS_NICE (sched(7)), or its watchdog may be fed late when the "
              "host is very busy");
}

}  // namespace upbeat
