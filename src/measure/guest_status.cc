// SPDX-License-Identifier: Apache-2.0
// Connects, reads up to the first line's end, and takes the JSON apart.
#include "measure/guest_status.h"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <boost/json.hpp>

#include "measure/tcp.h"

namespace upbeat::measure {
namespace {

constexpr std::size_t line_limit_bytes = 4096;

}  // namespace

Result<GuestStatus> parse_guest_status(std::string_view line) {
  boost::system::error_code error;
  const auto value = boost::json::parse(line, error);
  if (error || !value.is_object()) {
    return fail("cannot read a guest's status: '" + std::string(line) + "' is no JSON object");
  }
  try {
    const auto& object = value.as_object();
    const auto count = [&](const char* key) { return object.at(key).to_number<std::uint64_t>(); };
    return GuestStatus{.vm = std::string(object.at("vm").as_string()),
                       .boot_id = std::string(object.at("boot_id").as_string()),
                       .uptime_s = object.at("uptime_s").to_number<double>(),
                       .memory_checks = count("memory_checks"),
                       .memory_errors = count("memory_errors"),
                       .disk_writes = count("disk_writes"),
                       .disk_errors = count("disk_errors")};
  } catch (const std::exception&) {
    return fail("cannot read a guest's status: '" + std::string(line) +
                "' lacks a field, or one is of another kind; is the guest of this release?");
  }
}

Result<GuestStatus> read_guest_status(const std::string& netns_path, const std::string& address,
                                      std::chrono::milliseconds timeout, std::uint16_t port) {
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + timeout;
  auto fd = connect_in(netns_path, address, port, timeout);
  if (!fd) return std::unexpected(fd.error());
  std::string line;
  while (line.find('\n') == std::string::npos && line.size() < line_limit_bytes) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    pollfd readable{fd->get(), POLLIN, 0};
    std::array<char, 1024> buffer{};
    if (left.count() <= 0 || ::poll(&readable, 1, static_cast<int>(left.count())) <= 0) {
      return fail("the guest at " + address + " took the connection but said nothing within " +
                  std::to_string(timeout.count()) + " ms");
    }
    const auto got = ::recv(fd->get(), buffer.data(), buffer.size(), 0);
    if (got <= 0) break;
    line.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return parse_guest_status(std::string_view(line).substr(0, line.find('\n')));
}

}  // namespace upbeat::measure
