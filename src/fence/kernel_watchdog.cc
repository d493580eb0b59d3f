// SPDX-License-Identifier: Apache-2.0
// The host's watchdog as Linux has it.
#include "fence/kernel_watchdog.h"

#include <fcntl.h>
#include <linux/watchdog.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace upbeat {
namespace {

using std::chrono::seconds;

/// A refused watchdog that cannot be switched off may count as little as one second.
constexpr std::chrono::milliseconds feed_on_interval{400};

/// Closing after this character means to stop the watchdog.
constexpr char magic_character = 'V';

bool is_unknown(int error_number) { return error_number == ENOTTY || error_number == EOPNOTSUPP; }

std::string last_error() { return std::strerror(errno); }

}  // namespace

std::unexpected<Error> KernelWatchdog::trouble(const char* verb, const std::string& why) const {
  return fail(std::string("cannot ") + verb + " the watchdog " + place_.device + ": " + why);
}

Result<void> KernelWatchdog::arm(std::chrono::milliseconds timeout) {
  const auto wanted = device_timeout(timeout);
  if (!wanted) return trouble("arm", wanted.error().text);
  if (!fd_.open()) {
    facts_ = look_at_watchdog(place_);
    const auto good = usable(facts_, *wanted);
    // One that an earlier daemon left armed has to be switched off, so it is opened all the same.
    if (!good && !facts_.armed) return trouble("arm", good.error().text);
    if (auto opened = open(); !opened) return opened;
  }
  const auto done = set_up(*wanted);
  if (done) {
    armed_with_ = *wanted;
    next_feed_.cancel();
    return {};
  }
  if (!armed_with_) return refuse(done.error().text);
  const bool settable = (*facts_.options & WDIOF_SETTIMEOUT) != 0;
  if (settable && !set_timeout(*armed_with_)) {
    return trouble("arm", done.error().text + "; and it does not take its former time any more");
  }
  return trouble("arm", done.error().text);
}

Result<void> KernelWatchdog::open() {
  struct stat node{};
  if (::stat(place_.device.c_str(), &node) == 0 && !may_be_watchdog(node.st_mode)) {
    return trouble("arm", no_watchdog);
  }
  fd_.reset(::open(place_.device.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd_.open()) return trouble("arm", why_not_opened(errno));
  watchdog_info info{};
  if (::ioctl(fd_.get(), WDIOC_GETSUPPORT, &info) == 0) {
    facts_.options = info.options;
    return {};
  }
  if (!is_unknown(errno)) {
    return refuse("its driver does not tell what it can (" + last_error() +
                  "); name another device");
  }
  fd_.reset();
  return trouble("arm", no_watchdog);
}

Result<void> KernelWatchdog::set_up(seconds wanted) {
  if (!facts_.options) return fail("its driver does not tell what it can; name another device");
  int told = 0;
  if (::ioctl(fd_.get(), WDIOC_GETTIMEOUT, &told) == 0) facts_.timeout = seconds(told);
  if (auto good = usable(facts_, wanted); !good) return good;
  if ((*facts_.options & WDIOF_SETTIMEOUT) != 0) {
    if (auto set = set_timeout(wanted); !set) return set;
  }
  const WatchdogSetting setting{.timeout = *facts_.timeout, .pretimeout = clear_pretimeout()};
  if (auto good = good_enough(setting, wanted); !good) return good;
  if (::ioctl(fd_.get(), WDIOC_KEEPALIVE, 0) != 0) {
    return fail("its driver does not let itself be fed (" + last_error() + ")");
  }
  return {};
}

Result<void> KernelWatchdog::set_timeout(seconds wanted) {
  int value = static_cast<int>(wanted.count());
  if (::ioctl(fd_.get(), WDIOC_SETTIMEOUT, &value) != 0) {
    return fail("its driver does not take " + std::to_string(wanted.count()) + " s (" +
                last_error() + "); change timeout_s");
  }
  facts_.timeout = seconds(value);
  if (::ioctl(fd_.get(), WDIOC_GETTIMEOUT, &value) == 0) facts_.timeout = seconds(value);
  return {};
}

/// Asked of each driver, whatever its options say: the kernel may have it for those that have not
/// (CONFIG_WATCHDOG_HRTIMER_PRETIMEOUT).
seconds KernelWatchdog::clear_pretimeout() {
  int value = 0;
  if (::ioctl(fd_.get(), WDIOC_GETPRETIMEOUT, &value) != 0 || value == 0) return seconds(0);
  const seconds before(value);
  value = 0;
  return ::ioctl(fd_.get(), WDIOC_SETPRETIMEOUT, &value) == 0 ? seconds(0) : before;
}

Result<void> KernelWatchdog::feed() {
  if (!armed_with_) return trouble("feed", "it is not armed");
  if (::ioctl(fd_.get(), WDIOC_KEEPALIVE, 0) != 0) return trouble("feed", last_error());
  return {};
}

Result<void> KernelWatchdog::disarm() {
  if (!fd_.open()) return {};
  if (const auto off = switch_off(); !off) return trouble("disarm", off.error().text);
  return {};
}

Result<void> KernelWatchdog::switch_off() {
  const bool has_magic = facts_.options && (*facts_.options & WDIOF_MAGICCLOSE) != 0;
  int what = WDIOS_DISABLECARD;
  if (::ioctl(fd_.get(), WDIOC_SETOPTIONS, &what) != 0) {
    if (errno == EBUSY || facts_.no_way_out == true) {
      return fail("it is armed still: its driver knows no way back (nowayout)");
    }
    if (!is_unknown(errno) || !has_magic) return fail("it is armed still: " + last_error());
  }
  if (has_magic && ::write(fd_.get(), &magic_character, 1) != 1) {
    return fail("it is armed still: it does not take the magic character (" + last_error() + ")");
  }
  next_feed_.cancel();
  armed_with_.reset();
  fd_.reset();
  return {};
}

Result<void> KernelWatchdog::refuse(std::string why) {
  if (const auto off = switch_off(); !off) {
    feed_on();
    why +=
        "; opening it has armed it, and it cannot be disarmed (" + off.error().text +
        "), so that upbeatd feeds it as long as it runs, and the host is reset when upbeatd ends";
  }
  return trouble("arm", why);
}

void KernelWatchdog::feed_on() {
  if (::ioctl(fd_.get(), WDIOC_KEEPALIVE, 0) != 0) {
    // Any byte but the magic one feeds too, and some drivers know only that.
    (void)!::write(fd_.get(), "", 1);
  }
  next_feed_ = clock_.after(feed_on_interval, [this] { feed_on(); });
}

}  // namespace upbeat
