// SPDX-License-Identifier: Apache-2.0
// Threads that have to be on time on a busy machine, and locks that do not hold them up.
#pragma once

#include <pthread.h>

namespace upbeat::measure {

/// Asks for the lowest real-time priority (SCHED_RR, sched(7)) for the calling thread, which has to
/// be one that hardly uses the processor. Without the right to it nothing changes.
void put_this_thread_first();

/// A mutex whose holder runs with the priority of whoever waits for it (PTHREAD_PRIO_INHERIT): an
/// ordinary thread that was interrupted while it held the lock does not delay a real-time one.
class InheritingMutex {
 public:
  InheritingMutex();
  InheritingMutex(const InheritingMutex&) = delete;
  InheritingMutex& operator=(const InheritingMutex&) = delete;
  ~InheritingMutex() { ::pthread_mutex_destroy(&mutex_); }

  void lock() { ::pthread_mutex_lock(&mutex_); }
  void unlock() { ::pthread_mutex_unlock(&mutex_); }

 private:
  pthread_mutex_t mutex_{};
};

}  // namespace upbeat::measure
