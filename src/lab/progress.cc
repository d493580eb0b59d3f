// SPDX-License-Identifier: Apache-2.0
// Progress on standard error, so that standard output stays for results.
#include "lab/progress.h"

#include <unistd.h>

#include <cstdio>

namespace upbeat::lab {

Progress::Progress() : terminal_(::isatty(STDERR_FILENO) == 1) {}

std::string Progress::seconds() const {
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - began_;
  char text[32];
  std::snprintf(text, sizeof text, "%6.1f s", spent.count());
  return text;
}

void Progress::redraw(const std::string& how_far) const {
  std::fprintf(stderr, "\r\033[K%s  %s %s", seconds().c_str(), step_.c_str(), how_far.c_str());
  std::fflush(stderr);
}

void Progress::begin(std::string step) {
  step_ = std::move(step);
  began_ = std::chrono::steady_clock::now();
  open_ = true;
  if (terminal_) redraw("…");
}

void Progress::tell(const std::string& how_far) {
  if (open_ && terminal_) redraw(how_far);
}

void Progress::done(const std::string& result) {
  if (!open_) return;
  std::fprintf(stderr, "%s%s  %s%s%s\n", terminal_ ? "\r\033[K" : "", seconds().c_str(),
               step_.c_str(), result.empty() ? "" : ": ", result.c_str());
  open_ = false;
}

void Progress::abandon() {
  if (open_ && terminal_) std::fputs("\n", stderr);
  open_ = false;
}

}  // namespace upbeat::lab
