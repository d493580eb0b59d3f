// SPDX-License-Identifier: Apache-2.0
// A program of the host's owner that says whether the host is well.
#pragma once

#include "base/process.h"
#include "base/result.h"
#include "health/finding.h"
#include "health/health_settings.h"

namespace upbeat {

/// From this exit status on a program has not judged: 126 and 127 are a shell's for one that could
/// not be run, and more is a signal's.
inline constexpr int no_judgement_status = 126;

/// What it means that the program has ended, or could not: status 0 is well, any other below
/// no_judgement_status is ill, and the first line of what it said is why. All else is a trouble: it
/// tells something of the program, and nothing of the host.
[[nodiscard]] Seen judge_program(const HealthProgram& program, const Result<Finished>& finished);

/// Runs it and judges. Blocks: for a worker; `stop_fd` turns readable when nobody waits any more.
[[nodiscard]] Seen look_by(const HealthProgram& program, int stop_fd);

}  // namespace upbeat
