// SPDX-License-Identifier: Apache-2.0
// The real shutdown source: org.freedesktop.login1(5) over sd-bus.
#include "shutdown/logind_shutdown.h"

#include <fcntl.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "base/fd.h"
#include "shutdown/bus.h"

namespace upbeat {
namespace {

constexpr const char* logind = "org.freedesktop.login1";
constexpr const char* logind_path = "/org/freedesktop/login1";
constexpr const char* manager = "org.freedesktop.login1.Manager";
constexpr const char* systemd = "org.freedesktop.systemd1";
constexpr const char* systemd_path = "/org/freedesktop/systemd1";
constexpr const char* systemd_manager = "org.freedesktop.systemd1.Manager";
constexpr const char* lock_reason = "Upbeat hands this host's virtual machines to other hosts";

/// The first call may have to start logind; later ones find it there or give up soon, for they
/// block the loop.
constexpr std::uint64_t first_call_timeout_us = 10'000'000;
constexpr std::uint64_t later_call_timeout_us = 1'000'000;

std::unexpected<Error> cannot(const std::string& what) {
  return fail("cannot hold shutdowns of this host back: " + what +
              "; see 'systemctl status systemd-logind dbus'; until then only the order of units "
              "keeps guests alive at a shutdown");
}

/// What a logind of version 255 and later adds to its announcement: {"type": "reboot"}.
std::string type_of(sd_bus_message* message) {
  std::string type;
  if (sd_bus_message_enter_container(message, 'a', "{sv}") <= 0) return type;
  while (sd_bus_message_enter_container(message, 'e', "sv") > 0) {
    const char* key = nullptr;
    const char* value = nullptr;
    if (sd_bus_message_read(message, "s", &key) <= 0) break;
    if (std::strcmp(key, "type") == 0 && sd_bus_message_read(message, "v", "s", &value) > 0) {
      type = value;
    } else {
      sd_bus_message_skip(message, "v");
    }
    sd_bus_message_exit_container(message);
  }
  return type;
}

}  // namespace

/// Everything that lives from start on. Its address is known to sd-bus.
class LogindShutdown::Holder {
 public:
  Holder(boost::asio::io_context& io, std::function<void(const Error&)> complain)
      : io_(io), complain_(std::move(complain)), retry_(io) {}

  Result<void> start(ShutdownListener& listener) {
    listener_ = &listener;
    return connect(first_call_timeout_us);
  }
  void let_go() { lock_.reset(); }
  void begin_job(const char* unit);

 private:
  Result<void> connect(std::uint64_t timeout_us);
  Result<void> listen();
  Result<void> read_budget();
  Result<bool> is_under_way();
  Result<void> take_lock();
  Result<void> keep_lock(sd_bus_message* reply);
  void lose(int code);
  void try_again();
  void announce(const std::string& type);
  void cancelled();
  void tell_cancelled();

  static int on_prepare(sd_bus_message* message, void* self, sd_bus_error* error);
  static int on_prepare_with_metadata(sd_bus_message* message, void* self, sd_bus_error* error);
  static int on_lock(sd_bus_message* message, void* self, sd_bus_error* error);

  boost::asio::io_context& io_;
  std::function<void(const Error&)> complain_;
  boost::asio::steady_timer retry_;
  ShutdownListener* listener_ = nullptr;
  BusHandle bus_;
  std::unique_ptr<BusPump> pump_;  ///< goes before the bus
  Fd lock_;
  std::optional<std::chrono::milliseconds> budget_;
  bool announced_ = false;
  std::shared_ptr<char> alive_ = std::make_shared<char>();  ///< expired: a wait ended too late
};

Result<void> LogindShutdown::Holder::connect(std::uint64_t timeout_us) {
  sd_bus* bus = nullptr;
  const int code = sd_bus_open_system_with_description(&bus, "upbeat-shutdown");
  if (code < 0) return cannot("there is no system bus (" + bus_trouble(code) + ")");
  bus_.reset(bus);
  sd_bus_set_method_call_timeout(bus, timeout_us);
  auto done = listen();
  if (done) done = read_budget();
  if (!done) return done;
  auto under_way = is_under_way();
  if (!under_way) return std::unexpected(under_way.error());
  // While a shutdown is under way logind gives no new lock; a daemon that was restarted in the
  // middle can still use what time is left.
  if (!*under_way && !lock_.open()) done = take_lock();
  if (!done) return done;
  sd_bus_set_method_call_timeout(bus, later_call_timeout_us);
  pump_ = std::make_unique<BusPump>(io_, bus, [this](int why) { lose(why); });
  if (*under_way != announced_) {
    retry_.expires_after(std::chrono::milliseconds(0));
    retry_.async_wait([this, now = *under_way, alive = std::weak_ptr(alive_)](const auto& error) {
      if (error || alive.expired()) return;
      if (now) return announce("");
      cancelled();
    });
  }
  return {};
}

Result<void> LogindShutdown::Holder::listen() {
  int code = sd_bus_match_signal(bus_.get(), nullptr, logind, logind_path, manager,
                                 "PrepareForShutdown", on_prepare, this);
  if (code >= 0) {
    code = sd_bus_match_signal(bus_.get(), nullptr, logind, logind_path, manager,
                               "PrepareForShutdownWithMetadata", on_prepare_with_metadata, this);
  }
  if (code < 0) return cannot("the system bus does not answer (" + bus_trouble(code) + ")");
  return {};
}

Result<void> LogindShutdown::Holder::read_budget() {
  sd_bus_error error = SD_BUS_ERROR_NULL;
  std::uint64_t budget_us = 0;
  const int code = sd_bus_get_property_trivial(bus_.get(), logind, logind_path, manager,
                                               "InhibitDelayMaxUSec", &error, 't', &budget_us);
  const std::string trouble = code < 0 ? bus_trouble(code, &error) : "";
  sd_bus_error_free(&error);
  if (code < 0) return cannot("systemd-logind does not answer (" + trouble + ")");
  budget_ =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::microseconds(budget_us));
  return {};
}

Result<bool> LogindShutdown::Holder::is_under_way() {
  sd_bus_error error = SD_BUS_ERROR_NULL;
  int under_way = 0;
  const int code = sd_bus_get_property_trivial(bus_.get(), logind, logind_path, manager,
                                               "PreparingForShutdown", &error, 'b', &under_way);
  const std::string trouble = code < 0 ? bus_trouble(code, &error) : "";
  sd_bus_error_free(&error);
  if (code < 0) return cannot("systemd-logind does not answer (" + trouble + ")");
  return under_way != 0;
}

Result<void> LogindShutdown::Holder::take_lock() {
  sd_bus_error error = SD_BUS_ERROR_NULL;
  sd_bus_message* reply = nullptr;
  const int code = sd_bus_call_method(bus_.get(), logind, logind_path, manager, "Inhibit", &error,
                                      &reply, "ssss", "shutdown", "Upbeat", lock_reason, "delay");
  Result<void> taken;
  if (code < 0) {
    taken = cannot("systemd-logind gives no lock (" + bus_trouble(code, &error) + ")");
  } else {
    taken = keep_lock(reply);
  }
  sd_bus_error_free(&error);
  sd_bus_message_unref(reply);
  return taken;
}

Result<void> LogindShutdown::Holder::keep_lock(sd_bus_message* reply) {
  if (const auto* error = sd_bus_message_get_error(reply)) {
    return cannot("systemd-logind gives no lock (" + bus_trouble(EIO, error) + ")");
  }
  int fd = -1;
  const int code = sd_bus_message_read(reply, "h", &fd);
  if (code < 0) return cannot("systemd-logind's answer makes no sense (" + bus_trouble(code) + ")");
  lock_.reset(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
  if (!lock_.open())
    return cannot(std::string("no file descriptors left: ") + std::strerror(errno));
  return {};
}

/// The lock outlives the connection, so nothing is lost but the announcements: come back.
void LogindShutdown::Holder::lose(int code) {
  pump_.reset();
  bus_.reset();
  complain_(cannot("the system bus was lost (" + bus_trouble(code) + "), trying again").error());
  try_again();
}

void LogindShutdown::Holder::try_again() {
  retry_.expires_after(bus_retry);
  retry_.async_wait([this, alive = std::weak_ptr(alive_)](const auto& error) {
    if (error || alive.expired() || connect(later_call_timeout_us)) return;
    bus_.reset();
    try_again();
  });
}

void LogindShutdown::Holder::announce(const std::string& type) {
  if (announced_) return;
  announced_ = true;
  listener_->on_shutdown({.why = (type.empty() ? "shutdown or reboot" : type) +
                                 " of this host, announced by systemd-logind",
                          .budget = lock_.open() ? budget_ : std::nullopt});
}

void LogindShutdown::Holder::cancelled() {
  if (!announced_) return;
  if (lock_.open()) return tell_cancelled();
  const int code =
      sd_bus_call_method_async(bus_.get(), nullptr, logind, logind_path, manager, "Inhibit",
                               on_lock, this, "ssss", "shutdown", "Upbeat", lock_reason, "delay");
  if (code >= 0) return pump_->wake();
  complain_(cannot("the system bus takes no message (" + bus_trouble(code) + ")").error());
  tell_cancelled();
}

void LogindShutdown::Holder::tell_cancelled() {
  announced_ = false;
  listener_->on_shutdown_cancelled();
}

void LogindShutdown::Holder::begin_job(const char* unit) {
  if (!bus_) return;
  const int code =
      sd_bus_call_method_async(bus_.get(), nullptr, systemd, systemd_path, systemd_manager,
                               "StartUnit", nullptr, nullptr, "ss", unit, "fail");
  if (code >= 0) pump_->wake();
}

int LogindShutdown::Holder::on_prepare(sd_bus_message* message, void* self, sd_bus_error*) {
  int begins = 0;
  if (sd_bus_message_read(message, "b", &begins) < 0) return 0;
  auto& holder = *static_cast<Holder*>(self);
  begins != 0 ? holder.announce("") : holder.cancelled();
  return 0;
}

int LogindShutdown::Holder::on_prepare_with_metadata(sd_bus_message* message, void* self,
                                                     sd_bus_error*) {
  int begins = 0;
  if (sd_bus_message_read(message, "b", &begins) < 0) return 0;
  // The end is told by the plain signal, which comes with this one.
  if (begins != 0) static_cast<Holder*>(self)->announce(type_of(message));
  return 0;
}

int LogindShutdown::Holder::on_lock(sd_bus_message* message, void* self, sd_bus_error*) {
  auto& holder = *static_cast<Holder*>(self);
  const auto taken = holder.keep_lock(message);
  if (!taken) holder.complain_(taken.error());
  holder.tell_cancelled();
  return 0;
}

LogindShutdown::LogindShutdown(boost::asio::io_context& io,
                               std::function<void(const Error&)> complain)
    : holder_(std::make_unique<Holder>(io, std::move(complain))) {}

LogindShutdown::~LogindShutdown() = default;

Result<void> LogindShutdown::start(ShutdownListener& listener) { return holder_->start(listener); }

void LogindShutdown::let_go() { holder_->let_go(); }

void LogindShutdown::begin_job(const char* unit) { holder_->begin_job(unit); }

}  // namespace upbeat
