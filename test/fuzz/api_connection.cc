// SPDX-License-Identifier: Apache-2.0
// A pair of sockets, and a loop that is turned by hand until it is quiet.
#include "api_connection.h"

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/write.hpp>

#include "api/http_session.h"
#include "api/service_twin.h"
#include "clock/simulated_clock.h"

namespace upbeat::fuzz {
namespace {

using namespace std::chrono_literals;
using boost::system::error_code;
using Socket = api::HttpSession::Socket;

constexpr int quiet_turns = 3;

/// What has come so far; false if nothing has.
bool receive(Socket& socket, std::string& received) {
  std::array<char, 16384> buffer{};
  error_code error;
  const std::size_t got = socket.read_some(boost::asio::buffer(buffer), error);
  received.append(buffer.data(), got);
  return got > 0;
}

}  // namespace

std::string answers_to(const std::string& bytes) {
  boost::asio::io_context io{1};
  SimulatedClock clock;
  ServiceTwin service{clock, {.nodes = 2}};
  service.run_vm("x1", 256);
  clock.advance(100ms);
  Socket ours{io};
  Socket theirs{io};
  boost::asio::local::connect_pair(ours, theirs);
  const auto session = std::make_shared<api::HttpSession>(std::move(ours), service,
                                                          std::make_shared<std::size_t>(0));
  session->read_request();
  error_code error;
  theirs.non_blocking(true);
  boost::asio::write(theirs, boost::asio::buffer(bytes), error);
  theirs.shutdown(Socket::shutdown_send, error);
  std::string received;
  for (int quiet = 0; quiet < quiet_turns; ++quiet) {
    if (io.poll() > 0) quiet = 0;
    clock.advance(1ms);
    while (receive(theirs, received)) quiet = 0;
  }
  session->close();
  io.poll();
  return received;
}

}  // namespace upbeat::fuzz
