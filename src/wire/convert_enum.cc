// SPDX-License-Identifier: Apache-2.0
// Enumerations to Protocol Buffers and back. The switches are exhaustive: an enumerator that
// somebody adds and forgets here does not compile.
#include "wire/convert.h"

namespace upbeat::wire {

v1::Continuity to_wire(Continuity value) {
  switch (value) {
    case Continuity::warm:
      return v1::CONTINUITY_WARM;
    case Continuity::cold:
      return v1::CONTINUITY_COLD;
    case Continuity::regained:
      return v1::CONTINUITY_REGAINED;
  }
  return v1::CONTINUITY_UNSPECIFIED;
}

v1::Sighting to_wire(Sighting value) {
  switch (value) {
    case Sighting::running:
      return v1::SIGHTING_RUNNING;
    case Sighting::incoming:
      return v1::SIGHTING_INCOMING;
    case Sighting::outgoing:
      return v1::SIGHTING_OUTGOING;
  }
  return v1::SIGHTING_UNSPECIFIED;
}

v1::Ending to_wire(Ending value) {
  switch (value) {
    case Ending::shut_down:
      return v1::ENDING_SHUT_DOWN;
    case Ending::destroyed:
      return v1::ENDING_DESTROYED;
    case Ending::crashed:
      return v1::ENDING_CRASHED;
    case Ending::migrated:
      return v1::ENDING_MIGRATED;
    case Ending::failed:
      return v1::ENDING_FAILED;
  }
  return v1::ENDING_UNSPECIFIED;
}

v1::DrainCause to_wire(DrainCause value) {
  switch (value) {
    case DrainCause::operator_request:
      return v1::DRAIN_CAUSE_OPERATOR_REQUEST;
    case DrainCause::shutdown:
      return v1::DRAIN_CAUSE_SHUTDOWN;
    case DrainCause::maintenance:
      return v1::DRAIN_CAUSE_MAINTENANCE;
    case DrainCause::battery:
      return v1::DRAIN_CAUSE_BATTERY;
    case DrainCause::failing:
      return v1::DRAIN_CAUSE_FAILING;
  }
  return v1::DRAIN_CAUSE_UNSPECIFIED;
}

v1::Wanted to_wire(Wanted value) {
  switch (value) {
    case Wanted::stopped:
      return v1::WANTED_STOPPED;
    case Wanted::running:
      return v1::WANTED_RUNNING;
    case Wanted::removed:
      return v1::WANTED_REMOVED;
  }
  return v1::WANTED_UNSPECIFIED;
}

v1::StopForce to_wire(StopForce value) {
  switch (value) {
    case StopForce::ask:
      return v1::STOP_FORCE_ASK;
    case StopForce::power_off:
      return v1::STOP_FORCE_POWER_OFF;
  }
  return v1::STOP_FORCE_UNSPECIFIED;
}

v1::MoveStep to_wire(MoveStep value) {
  switch (value) {
    case MoveStep::live:
      return v1::MOVE_STEP_LIVE;
    case MoveStep::longer_pause:
      return v1::MOVE_STEP_LONGER_PAUSE;
    case MoveStep::long_pause:
      return v1::MOVE_STEP_LONG_PAUSE;
    case MoveStep::slowed_down:
      return v1::MOVE_STEP_SLOWED_DOWN;
    case MoveStep::stand_still:
      return v1::MOVE_STEP_STAND_STILL;
  }
  return v1::MOVE_STEP_UNSPECIFIED;
}

v1::RuleKind to_wire(RuleKind value) {
  switch (value) {
    case RuleKind::together:
      return v1::RULE_KIND_TOGETHER;
    case RuleKind::apart:
      return v1::RULE_KIND_APART;
    case RuleKind::on:
      return v1::RULE_KIND_ON;
    case RuleKind::off:
      return v1::RULE_KIND_OFF;
  }
  return v1::RULE_KIND_UNSPECIFIED;
}

v1::Strictness to_wire(Strictness value) {
  switch (value) {
    case Strictness::strict:
      return v1::STRICTNESS_STRICT;
    case Strictness::best_effort:
      return v1::STRICTNESS_BEST_EFFORT;
  }
  return v1::STRICTNESS_UNSPECIFIED;
}

v1::Failback to_wire(Failback value) {
  switch (value) {
    case Failback::stay:
      return v1::FAILBACK_STAY;
    case Failback::go_home:
      return v1::FAILBACK_GO_HOME;
  }
  return v1::FAILBACK_UNSPECIFIED;
}

v1::OnShutdown to_wire(OnShutdown value) {
  switch (value) {
    case OnShutdown::migrate:
      return v1::ON_SHUTDOWN_MIGRATE;
    case OnShutdown::restart:
      return v1::ON_SHUTDOWN_RESTART;
    case OnShutdown::hold:
      return v1::ON_SHUTDOWN_HOLD;
  }
  return v1::ON_SHUTDOWN_UNSPECIFIED;
}

v1::DrillKind to_wire(DrillKind value) {
  switch (value) {
    case DrillKind::look:
      return v1::DRILL_KIND_LOOK;
    case DrillKind::watchdog:
      return v1::DRILL_KIND_WATCHDOG;
  }
  return v1::DRILL_KIND_UNSPECIFIED;
}

v1::Outlet to_wire(Outlet value) {
  switch (value) {
    case Outlet::unknown:
      return v1::OUTLET_UNKNOWN;
    case Outlet::on:
      return v1::OUTLET_ON;
    case Outlet::off:
      return v1::OUTLET_OFF;
  }
  return v1::OUTLET_UNSPECIFIED;
}

Failback take(v1::Failback value, Reading& reading) {
  return from_wire<Failback>(value, to_wire, "a failback", reading);
}

OnShutdown take(v1::OnShutdown value, Reading& reading) {
  return from_wire<OnShutdown>(value, to_wire, "what a shutdown does to guests", reading);
}

DrainCause take(v1::DrainCause value, Reading& reading) {
  return from_wire<DrainCause>(value, to_wire, "the cause of a drain", reading);
}

Wanted take(v1::Wanted value, Reading& reading) {
  return from_wire<Wanted>(value, to_wire, "what is wanted of a guest", reading);
}

MoveStep take(v1::MoveStep value, Reading& reading) {
  return from_wire<MoveStep>(value, to_wire, "how far a migration is helped along", reading);
}

StopForce take(v1::StopForce value, Reading& reading) {
  return from_wire<StopForce>(value, to_wire, "how a guest is stopped", reading);
}

}  // namespace upbeat::wire
