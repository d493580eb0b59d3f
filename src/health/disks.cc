// SPDX-License-Identifier: Apache-2.0
// What the host's disks say of themselves (SMART), as smartctl(8) tells.
#include "health/disks.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cstdint>
#include <cstdlib>
#include <utility>

#include "base/printable.h"
#include "base/process.h"

namespace upbeat {
namespace {

namespace json = boost::json;

constexpr std::chrono::milliseconds smartctl_timeout{30'000};
constexpr std::size_t answer_limit_bytes = 1U << 20U;

/// Bits of an NVMe disk's critical warning (NVM Express Base Specification, SMART log page).
constexpr std::array<std::pair<unsigned, const char*>, 6> warnings{{
    {1U, "its spare blocks are used up"},
    {2U, "it is too hot or too cold"},
    {4U, "it is unreliable"},
    {8U, "it has become read-only"},
    {16U, "its cache is not backed up any more"},
    {32U, "its persistent memory is unreliable"},
}};

const json::value* part_of(const json::value& of, const char* key) {
  const auto* object = of.if_object();
  return object == nullptr ? nullptr : object->if_contains(key);
}

std::string text_in(const json::value& of, const char* key) {
  const auto* found = part_of(of, key);
  const auto* text = found == nullptr ? nullptr : found->if_string();
  return text == nullptr ? "" : std::string(text->data(), text->size());
}

Result<json::value> parse(const std::string& text) {
  boost::system::error_code error;
  auto value = json::parse(text, error);
  if (error || !value.is_object()) return fail("smartctl answered with what is no JSON object");
  return value;
}

std::uint64_t critical_warning(const json::value& answer) {
  const auto* log = part_of(answer, "nvme_smart_health_information_log");
  const auto* warning = log == nullptr ? nullptr : part_of(*log, "critical_warning");
  boost::system::error_code error;
  if (warning == nullptr || !warning->is_number()) return 0;
  const auto value = warning->to_number<std::uint64_t>(error);
  return error ? 0 : value;
}

bool is_installed(const std::string& program) {
  if (program.contains('/')) return ::access(program.c_str(), X_OK) == 0;
  const char* set = std::getenv("PATH");
  const std::string path = std::string(set == nullptr ? "" : set) + ":/usr/sbin";
  for (std::size_t at = 0; at < path.size();) {
    const auto end = std::min(path.find(':', at), path.size());
    if (::access((path.substr(at, end - at) + "/" + program).c_str(), X_OK) == 0) return true;
    at = end + 1;
  }
  return false;
}

}  // namespace

Result<std::vector<Disk>> read_disks(const std::string& text) {
  const auto answer = parse(text);
  if (!answer) return std::unexpected(answer.error());
  std::vector<Disk> disks;
  const auto* list = part_of(*answer, "devices");
  if (list == nullptr || !list->is_array()) return disks;
  for (const auto& one : list->get_array()) {
    Disk disk{text_in(one, "name"), text_in(one, "type")};
    if (disks.size() < disk_limit && disk.device.starts_with('/')) disks.push_back(std::move(disk));
  }
  return disks;
}

Result<Finding> read_disk_health(const std::string& device, const std::string& text) {
  const auto answer = parse(text);
  if (!answer) return std::unexpected(answer.error());
  Finding finding{.part = device, .health = Health::unknown, .why = {}};
  if (const auto* status = part_of(*answer, "smart_status"); status != nullptr) {
    const auto* passed = part_of(*status, "passed");
    if (passed != nullptr && passed->is_bool()) {
      finding.health = passed->get_bool() ? Health::well : Health::ill;
    }
  }
  const auto warned = critical_warning(*answer);
  std::string why;
  for (const auto& [bit, meaning] : warnings) {
    if ((warned & bit) != 0) why += (why.empty() ? "" : ", ") + std::string(meaning);
  }
  if (!why.empty()) finding.health = Health::ill;
  if (finding.health != Health::ill) return finding;
  const auto model = text_in(*answer, "model_name");
  finding.why = "the disk " + printable(device, quote_limit_bytes) +
                (model.empty() ? "" : " (" + printable(model, 64) + ")") + " is about to fail: " +
                (why.empty() ? "its self-assessment (SMART) has failed" : why);
  return finding;
}

Result<std::vector<Disk>> DiskLook::disks(int stop_fd) const {
  std::vector<Disk> list;
  for (const auto& device : devices_) list.push_back({device, ""});
  if (!list.empty()) return list;
  if (!is_installed(smartctl_)) return list;
  const auto scan = run({.argv = {smartctl_, "--scan", "--json=c"},
                         .input = {},
                         .timeout = smartctl_timeout,
                         .output_limit_bytes = answer_limit_bytes,
                         .stop_fd = stop_fd});
  if (!scan) return std::unexpected(scan.error());
  return read_disks(scan->out);
}

Seen DiskLook::look(int stop_fd) const {
  Seen seen;
  const auto trouble = [&](const std::string& what) {
    if (seen.trouble.empty()) seen.trouble = what + "; see smartctl(8)";
  };
  const auto list = disks(stop_fd);
  if (!list) {
    trouble("cannot find this host's disks: " + list.error().text);
    return seen;
  }
  for (const auto& disk : *list) {
    // A disk that sleeps is not woken for this.
    Command command{
        .argv = {smartctl_, "--json=c", "--health", "--attributes", "--nocheck=standby,0"},
        .input = {},
        .timeout = smartctl_timeout,
        .output_limit_bytes = answer_limit_bytes,
        .stop_fd = stop_fd};
    if (!disk.type.empty()) command.argv.push_back("--device=" + disk.type);
    command.argv.push_back(disk.device);
    const auto device = printable(disk.device, quote_limit_bytes);
    const auto answer = run(command);
    auto finding = answer ? read_disk_health(disk.device, answer->out)
                          : Result<Finding>(std::unexpected(answer.error()));
    if (!finding) {
      trouble("cannot tell how the disk " + device + " is: " + finding.error().text);
      finding = Finding{.part = disk.device, .health = Health::unknown, .why = {}};
    } else if (finding->health == Health::unknown && !devices_.empty() &&
               answer->exit_status != 0) {
      trouble("cannot tell how the disk " + device + " is: smartctl says nothing of its health");
    }
    seen.findings.push_back(std::move(*finding));
  }
  return seen;
}

}  // namespace upbeat
