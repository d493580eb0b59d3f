// SPDX-License-Identifier: Apache-2.0
// For tests: a host that is nothing but the lab's watchdog, with a clock that goes on when it is
// told to.
//
// usage: lab_watchdog_host FILE      serves the watchdog there until its standard input ends
//
//   > pass MS      < up NOW_MS | reset NOW_MS      the clock stands where the host was reset
#include <poll.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <iostream>
#include <string>

#include "lab/watchdog_file.h"

namespace upbeat::lab {
namespace {

class Host {
 public:
  explicit Host(WatchdogFile& file, WatchdogDevice::Time& now) : file_(file), now_(now) {}

  void run() {
    std::cout << "ready" << std::endl;
    while (true) {
      std::array<pollfd, 2> fds{{{STDIN_FILENO, POLLIN, 0}, {file_.requests(), POLLIN, 0}}};
      if (::poll(fds.data(), fds.size(), -1) < 0) continue;
      // What was done to the device before a command comes before it.
      file_.serve();
      if (fds[0].revents != 0 && !obey()) return;
    }
  }

 private:
  bool obey() {
    std::string line;
    if (!std::getline(std::cin, line)) return false;
    long ms = 0;
    const auto number = line.substr(line.find(' ') + 1);
    std::from_chars(number.data(), number.data() + number.size(), ms);
    const auto end = now_ + WatchdogDevice::Time(ms);
    const auto due = file_.due();
    const bool was_reset = due && *due <= end;
    now_ = was_reset ? *due : end;
    std::cout << (was_reset ? "reset " : "up ") << now_.count() << std::endl;
    return true;
  }

  WatchdogFile& file_;
  WatchdogDevice::Time& now_;
};

}  // namespace
}  // namespace upbeat::lab

int main(int count, char** words) {
  using namespace upbeat::lab;
  WatchdogDevice::Time now{0};
  const auto file = WatchdogFile::mount(count > 1 ? words[1] : "", [&now] { return now; });
  if (!file) {
    std::cout << file.error().text << std::endl;
    return 1;
  }
  Host(**file, now).run();
  return 0;
}
