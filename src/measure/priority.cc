// SPDX-License-Identifier: Apache-2.0
// What POSIX offers for it.
#include "measure/priority.h"

#include <sched.h>

namespace upbeat::measure {

void put_this_thread_first() {
  const sched_param priority{.sched_priority = ::sched_get_priority_min(SCHED_RR)};
  ::pthread_setschedparam(::pthread_self(), SCHED_RR, &priority);
}

InheritingMutex::InheritingMutex() {
  pthread_mutexattr_t attributes;
  ::pthread_mutexattr_init(&attributes);
  ::pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
  ::pthread_mutex_init(&mutex_, &attributes);
  ::pthread_mutexattr_destroy(&attributes);
}

}  // namespace upbeat::measure
