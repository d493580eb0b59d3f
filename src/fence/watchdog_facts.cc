// SPDX-License-Identifier: Apache-2.0
// What is known of a kernel watchdog, and whether that will do.
#include "fence/watchdog_facts.h"

#include <linux/major.h>
#include <linux/watchdog.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>

namespace upbeat {
namespace {

/// WATCHDOG_MINOR of the kernel's linux/miscdevice.h.
constexpr unsigned old_watchdog_minor = 130;

std::string in_words(std::chrono::seconds time) { return std::to_string(time.count()) + " s"; }

std::optional<std::string> first_word(const std::string& path) {
  std::ifstream file(path);
  std::string word;
  if (!(file >> word)) return std::nullopt;
  return word;
}

std::optional<std::uint32_t> number(const std::string& path) {
  const auto word = first_word(path);
  if (!word) return std::nullopt;
  const bool hexadecimal = word->starts_with("0x");
  const char* const begin = word->data() + (hexadecimal ? 2 : 0);
  const char* const end = word->data() + word->size();
  std::uint32_t value = 0;
  const auto read = std::from_chars(begin, end, value, hexadecimal ? 16 : 10);
  if (read.ec != std::errc{} || read.ptr != end) return std::nullopt;
  return value;
}

std::optional<std::chrono::seconds> seconds_in(const std::string& path) {
  const auto value = number(path);
  if (!value) return std::nullopt;
  return std::chrono::seconds(*value);
}

/// Where sysfs tells about the device of this number. /dev/watchdog is an older second name of the
/// first watchdog, with a number of its own about which sysfs tells nothing.
std::string folder_of(dev_t device, const std::string& sysfs) {
  if (major(device) == MISC_MAJOR && minor(device) == old_watchdog_minor) {
    return sysfs + "/class/watchdog/watchdog0/";
  }
  return sysfs + "/dev/char/" + std::to_string(major(device)) + ":" +
         std::to_string(minor(device)) + "/";
}

}  // namespace

WatchdogFacts look_at_watchdog(const WatchdogPlace& place) {
  struct stat node{};
  if (::stat(place.device.c_str(), &node) != 0 || !S_ISCHR(node.st_mode)) return {};
  const auto folder = folder_of(node.st_rdev, place.sysfs);
  WatchdogFacts facts{.options = number(folder + "options"),
                      .timeout = seconds_in(folder + "timeout"),
                      .min_timeout = seconds_in(folder + "min_timeout"),
                      .max_timeout = seconds_in(folder + "max_timeout"),
                      .armed = first_word(folder + "state") == "active"};
  if (const auto value = number(folder + "nowayout")) facts.no_way_out = *value != 0;
  return facts;
}

bool may_be_watchdog(mode_t mode) { return S_ISCHR(mode) || S_ISREG(mode); }

Result<std::chrono::seconds> device_timeout(std::chrono::milliseconds timeout) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(timeout / lives_of_a_feed);
  if (seconds < least_device_timeout) {
    return fail("a time of " + std::to_string(timeout.count()) +
                " ms is too short for a host that is well to feed it always; give it " +
                in_words(least_device_timeout * lives_of_a_feed) + " or more");
  }
  return seconds;
}

Result<void> usable(const WatchdogFacts& facts, std::chrono::seconds wanted) {
  using std::chrono::seconds;
  if (facts.options && (*facts.options & WDIOF_ALARMONLY) != 0) {
    return fail("it raises an alarm and resets nothing; name another device");
  }
  const bool stops_when_closed = facts.options && (*facts.options & WDIOF_MAGICCLOSE) == 0;
  if (stops_when_closed && facts.no_way_out != true) {
    return fail(
        "it stops when upbeatd ends, also by a crash; load its driver with nowayout=1, or name "
        "another device");
  }
  if (!facts.options || (*facts.options & WDIOF_SETTIMEOUT) != 0) {
    const auto most = facts.max_timeout.value_or(seconds(0));  // 0: no limit
    if (most > seconds(0) && wanted > most) {
      return fail("it can count " + in_words(most) + " at most; set timeout_s to " +
                  std::to_string((most * lives_of_a_feed).count()) + " or less");
    }
    if (const auto least = facts.min_timeout.value_or(seconds(0)); wanted < least) {
      return fail("it counts " + in_words(least) + " at least; set timeout_s to " +
                  std::to_string((least * lives_of_a_feed).count()) + " or more");
    }
    return {};
  }
  if (!facts.timeout) return fail("its driver neither takes nor tells a time; name another device");
  return good_enough({.timeout = *facts.timeout}, wanted);
}

Result<void> good_enough(const WatchdogSetting& setting, std::chrono::seconds wanted) {
  if (setting.timeout > wanted) {
    return fail("its driver counts " + in_words(setting.timeout) + " where " + in_words(wanted) +
                " are needed; set timeout_s to " +
                std::to_string((setting.timeout * lives_of_a_feed).count()) +
                " or more, or the driver's own time to less");
  }
  if (setting.timeout - setting.pretimeout < least_device_timeout) {
    return fail("its driver counts " + in_words(setting.timeout) +
                (setting.pretimeout.count() == 0
                     ? ""
                     : " and may end it " + in_words(setting.pretimeout) + " earlier") +
                ", too short for a host that is well to feed it always; give it " +
                in_words(least_device_timeout) + " or more");
  }
  return {};
}

std::string why_not_opened(int error_number) {
  switch (error_number) {
    case EBUSY:
      return "another program holds it; set RuntimeWatchdogSec=off in /etc/systemd/system.conf if "
             "that is systemd, or stop the service that feeds it (sbd, watchdog, wd_keepalive)";
    case ENOENT:
    case ENODEV:
    case ENXIO:
      return "there is no such watchdog on this host; load its driver (`modprobe softdog` where "
             "the hardware has none), or name another device in [watchdog] of upbeat.toml";
    case ETXTBSY:  // the file of a program that runs
      return no_watchdog;
    case EACCES:
    case EPERM:
      return "upbeatd may not open it; run it as root, in a unit without PrivateDevices= and with "
             "the device in DeviceAllow=, if that is set";
    default:
      return std::string(std::strerror(error_number)) +
             "; name another device in [watchdog] of upbeat.toml";
  }
}

}  // namespace upbeat
