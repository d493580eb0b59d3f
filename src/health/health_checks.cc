// SPDX-License-Identifier: Apache-2.0
// All that is looked at to tell whether this host is about to fail, by what its owner has set.
#include "health/health_checks.h"

#include <memory>
#include <utility>

#include "health/disks.h"
#include "health/file_systems.h"
#include "health/memory_errors.h"
#include "health/program_check.h"
#include "health/temperature.h"

namespace upbeat {
namespace {

using std::chrono::seconds;

constexpr seconds usual_interval{5};
/// Disks judge themselves by what they have counted for hours.
constexpr seconds disks_interval{600};
constexpr seconds disks_patience{600};
/// By so much a program's own time-out comes before our patience.
constexpr seconds program_margin{10};

MonotonicTime now() { return std::chrono::steady_clock::now().time_since_epoch(); }

HealthCheck memory_check(const HealthSettings& settings) {
  auto watch =
      std::make_shared<MemoryWatch>(MemoryRule{.corrected_a_day = settings.memory_errors_a_day});
  // What has been counted does not become less by waiting.
  return {.name = "memory",
          .interval = usual_interval,
          .ill_for = seconds(0),
          .look = [watch, sysfs = settings.sysfs](int /*stop*/) {
            return Seen{.findings = watch->judge(read_memory_counts(sysfs), now()), .trouble = {}};
          }};
}

HealthCheck temperature_check(const HealthSettings& settings) {
  const ThermalRule rule{.degrees_below_critical = settings.degrees_below_critical};
  return {.name = "temperature",
          .interval = usual_interval,
          .ill_for = settings.ill_for,
          .look = [rule, sysfs = settings.sysfs](int /*stop*/) {
            return Seen{.findings = judge_temperatures(read_thermal_zones(sysfs), rule),
                        .trouble = {}};
          }};
}

HealthCheck disks_check(const HealthSettings& settings) {
  const DiskLook disks(settings.disks);
  return {.name = "disks",
          .interval = disks_interval,
          .ill_for = seconds(0),
          .patience = disks_patience,
          .look = [disks](int stop_fd) { return disks.look(stop_fd); }};
}

HealthCheck file_systems_check(const HealthSettings& settings, const std::string& state_file) {
  const FileSystemRule rule{.least_free_mib = settings.least_free_mib,
                            .named = !settings.file_systems.empty()};
  auto paths = settings.file_systems;
  if (!rule.named) {
    paths = {"/", "/var/lib/libvirt", state_file.substr(0, state_file.find_last_of('/') + 1)};
  }
  auto look = std::make_shared<FileSystemLook>(std::move(paths), rule);
  return {.name = "file_systems",
          .interval = usual_interval,
          .ill_for = settings.ill_for,
          .look = [look](int /*stop*/) { return look->look(); }};
}

HealthCheck hypervisor_check(const HealthSettings& settings, std::function<bool()> answers) {
  const auto why =
      "the hypervisor has not answered for " + std::to_string(settings.hypervisor.count()) + " s";
  return {.name = "hypervisor",
          .interval = usual_interval,
          .ill_for = settings.hypervisor,
          .blocks = LookBlocks::no,
          .look = [answers = std::move(answers), why](int /*stop*/) {
            const bool well = answers();
            return Seen{.findings = {{.part = "hypervisor",
                                      .health = well ? Health::well : Health::ill,
                                      .why = well ? "" : why}},
                        .trouble = {}};
          }};
}

HealthCheck program_check(const HealthSettings& settings, const HealthProgram& program) {
  return {.name = "program " + program.name,
          .interval = program.interval,
          .ill_for = settings.ill_for,
          .patience = program.timeout + program_margin,
          .look = [program](int stop_fd) { return look_by(program, stop_fd); }};
}

}  // namespace

std::vector<HealthCheck> health_checks(const HealthSettings& settings, HealthSurroundings around) {
  std::vector<HealthCheck> checks{memory_check(settings), temperature_check(settings),
                                  disks_check(settings),
                                  file_systems_check(settings, around.state_file),
                                  hypervisor_check(settings, std::move(around.hypervisor_answers))};
  std::erase_if(checks,
                [&](const HealthCheck& check) { return settings.ignore.contains(check.name); });
  for (const auto& program : settings.programs) checks.push_back(program_check(settings, program));
  return checks;
}

}  // namespace upbeat
