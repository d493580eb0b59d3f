// SPDX-License-Identifier: Apache-2.0
// A watchdog's protocol, call by call as drivers/watchdog/watchdog_dev.c has it.
#include "lab/watchdog_device.h"

#include <linux/watchdog.h>

#include <cerrno>
#include <utility>

namespace upbeat::lab {
namespace {

constexpr int least_timeout_s = 1;
constexpr int most_timeout_s = 65535;
constexpr char magic_character = 'V';
constexpr watchdog_info info{
    .options = WDIOF_SETTIMEOUT | WDIOF_KEEPALIVEPING | WDIOF_MAGICCLOSE,
    .firmware_version = 0,
    .identity = "Upbeat lab",
};

template <class T>
std::string bytes_of(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

}  // namespace

int WatchdogDevice::open(Time now) {
  if (std::exchange(held_, true)) return EBUSY;
  may_stop_ = false;
  due_ = now + timeout_;
  return 0;
}

void WatchdogDevice::feed(Time now) {
  if (due_) due_ = now + timeout_;
}

void WatchdogDevice::write(std::string_view bytes, Time now) {
  if (bytes.empty()) return;
  may_stop_ = bytes.contains(magic_character);
  feed(now);
}

void WatchdogDevice::close(Time now) {
  held_ = false;
  if (std::exchange(may_stop_, false)) due_.reset();
  feed(now);
}

WatchdogDevice::Answer WatchdogDevice::ioctl(unsigned command, std::optional<int> value, Time now) {
  switch (command) {
    case WDIOC_GETSUPPORT:
      return {.out = bytes_of(info)};
    case WDIOC_GETSTATUS:
    case WDIOC_GETBOOTSTATUS:
    case WDIOC_GETPRETIMEOUT:
      return {.out = bytes_of(0)};
    case WDIOC_SETOPTIONS:
      return set_options(value, now);
    case WDIOC_KEEPALIVE:
      feed(now);
      return {};
    case WDIOC_SETTIMEOUT:
      return set_timeout(value, now);
    case WDIOC_GETTIMEOUT:
      return {.out = bytes_of(static_cast<int>(timeout_.count()))};
    case WDIOC_SETPRETIMEOUT:
    case WDIOC_GETTIMELEFT:
      return {.error = EOPNOTSUPP};
    default:
      return {.error = ENOTTY};
  }
}

WatchdogDevice::Answer WatchdogDevice::set_options(std::optional<int> value, Time now) {
  if (!value) return {.error = EFAULT};
  if ((*value & (WDIOS_DISABLECARD | WDIOS_ENABLECARD)) == 0) return {.error = ENOTTY};
  if ((*value & WDIOS_DISABLECARD) != 0) due_.reset();
  if ((*value & WDIOS_ENABLECARD) != 0 && !due_) due_ = now + timeout_;
  return {};
}

WatchdogDevice::Answer WatchdogDevice::set_timeout(std::optional<int> value, Time now) {
  if (!value) return {.error = EFAULT};
  if (*value < least_timeout_s || *value > most_timeout_s) return {.error = EINVAL};
  timeout_ = std::chrono::seconds(*value);
  feed(now);
  return {.out = bytes_of(*value)};
}

}  // namespace upbeat::lab
