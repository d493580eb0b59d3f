// SPDX-License-Identifier: Apache-2.0
// What the lab reads from other processes: guests' status lines, SNMP's requests to the power
// strip, process records and /proc.
#include <algorithm>
#include <sstream>

#include "lab/guest_status.h"
#include "lab/power_strip.h"
#include "lab/process_record.h"
#include "lab/world.h"
#include "promise.h"

namespace upbeat::lab {
namespace {

constexpr int outlets = 3;
constexpr int strip_objects = 2 * 4 * outlets;  // two tables of four columns

void try_processes(const std::string& text) {
  if (const auto record = parse_record(text)) {
    fuzz::promise(record->pid > 1, "a record never names init or everybody");
    fuzz::promise(parse_record(to_text(*record)) == record, "a record comes back");
  }
  if (const auto stat = parse_stat(text))
    fuzz::promise(text.contains("(" + stat->command + ")"), "a name is what stands in brackets");
  fuzz::promise(!parse_qemu_arguments(text).vm.contains(','), "a guest's name ends at the comma");
}

void try_status(const std::string& text) {
  const auto status = parse_guest_status(text);
  if (!status) fuzz::promise_sentence(status.error().text);
}

/// Three outlets that remember how they were switched.
struct Strip {
  std::vector<Outlet> states = std::vector<Outlet>(outlets, Outlet::on);
  StripWorld world{.names = {"node0", "node1", "node2"},
                   .state = [this](int outlet) { return states.at(outlet - 1); },
                   .switch_to =
                       [this](int outlet, Outlet to) {
                         states.at(outlet - 1) = to;
                         return outlet != outlets;
                       }};
};

/// Follows the strip's objects from any one on, as snmpwalk does.
void try_walk(const std::string& from) {
  const Strip strip;
  std::string at = from;
  for (int steps = 0; const auto next = strip_next(strip.world, at); at = next->oid) {
    fuzz::promise(++steps <= strip_objects, "a walk ends", at);
    fuzz::promise(strip_get(strip.world, next->oid) == next, "what is walked over can be got", at);
  }
}

void try_strip(const std::string& text) {
  const Strip strip;
  std::istringstream in(text);
  std::ostringstream out;
  serve_strip(strip.world, in, out);
  fuzz::promise_line([&] {
    std::string said = out.str();
    std::ranges::replace(said, '\n', ' ');
    return said;
  }());
  try_walk(text.substr(0, text.find('\n')));
}

}  // namespace
}  // namespace upbeat::lab

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text = upbeat::fuzz::text_of(data, size);
  upbeat::lab::try_processes(text);
  upbeat::lab::try_status(text);
  upbeat::lab::try_strip(text);
  return 0;
}
