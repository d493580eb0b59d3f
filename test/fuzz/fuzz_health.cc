// SPDX-License-Identifier: Apache-2.0
// What a host is looked at by: smartctl's answers, a program's last words, the kernel's mounts.
#include "health/disks.h"
#include "health/file_systems.h"
#include "health/program_check.h"
#include "promise.h"

namespace upbeat {
namespace {

void promise_ill_says_why(const Finding& finding) {
  fuzz::promise((finding.health == Health::ill) == !finding.why.empty(), "what is ill says why",
                finding.why);
  if (!finding.why.empty()) fuzz::promise_sentence(finding.why);
  fuzz::promise(finding.why.size() < 1000, "a reason is short");
}

void try_text(const std::string& text) {
  if (const auto disks = read_disks(text)) {
    fuzz::promise(disks->size() <= disk_limit, "disks are limited");
    for (const auto& disk : *disks) fuzz::promise(disk.device.starts_with('/'), "a disk is a path");
  } else {
    fuzz::promise_sentence(disks.error().text);
  }
  if (const auto finding = read_disk_health("/dev/sda", text)) promise_ill_says_why(*finding);

  const HealthProgram program{.name = "raid", .command = {"/check"}};
  const auto status = text.empty() ? 0 : static_cast<unsigned char>(text.front());
  const auto seen =
      judge_program(program, Finished{.exit_status = status, .out = text, .err = text});
  fuzz::promise(seen.findings.size() == 1, "a program has one answer");
  promise_ill_says_why(seen.findings.front());
  if (!seen.trouble.empty()) fuzz::promise_sentence(seen.trouble);

  static_cast<void>(is_broken(text, "/srv/data"));
}

}  // namespace
}  // namespace upbeat

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  upbeat::try_text(upbeat::fuzz::text_of(data, size));
  return 0;
}
