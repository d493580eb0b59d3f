// SPDX-License-Identifier: Apache-2.0
// What upsd answers: a value or a sentence, and a host that is told to go only for a battery. An
// input is, parted by lines of "%%": the UPS's name, and answers.
#include "promise.h"
#include "shutdown/ups_watch.h"

namespace upbeat {
namespace {

void try_answers(const std::string& input) {
  const auto parts = fuzz::pieces(input, 4);
  const auto place = read_ups_place(parts[0]);
  if (!place) return fuzz::promise_sentence(place.error().text);
  UpsWatch watch({.name = parts[0]});
  MonotonicTime now{};
  for (const auto* line : {&parts[1], &parts[2], &parts[3]}) {
    now += std::chrono::minutes(1);
    const auto status = read_nut_variable(*line, place->ups, "ups.status");
    if (!status) {
      fuzz::promise_line(status.error().text);
      continue;
    }
    const auto reading = read_ups(*status, *line);
    const auto change = watch.judge(reading, now);
    if (!change || !change->notice) continue;
    fuzz::promise(reading.on_battery && status->contains("OB"), "only a battery ends a host");
    fuzz::promise_line(change->notice->why);
    if (change->notice->budget) {
      fuzz::promise(*change->notice->budget >= least_ups_budget, "there is time");
    }
  }
}

}  // namespace
}  // namespace upbeat

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  upbeat::try_answers(upbeat::fuzz::text_of(data, size));
  return 0;
}
