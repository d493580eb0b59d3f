// SPDX-License-Identifier: Apache-2.0
// A test's daemon: writes down what a shutdown is like, as upbeatd would live it.
//
// usage: shutdown_probe FILE HOLD_MS    (appends lines "SECONDS EVENT" to FILE)
#include <signal.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <string>

#include "shutdown/logind_shutdown.h"
#include "shutdown/service_manager.h"
#include "shutdown/system_state.h"

namespace {

class Probe final : public upbeat::ShutdownListener {
 public:
  Probe(const char* file, int hold_ms) : file_(file), hold_ms_(hold_ms) {}

  int run() {
    const auto good = source_.start(*this);
    write(good ? "started" : "not held: " + good.error().text);
    going("at start");
    upbeat::notify_ready();
    boost::asio::signal_set signals(io_, SIGTERM);
    signals.async_wait([this](const auto&, int) {
      going("at SIGTERM");
      io_.stop();
    });
    io_.run();
    return 0;
  }

  void on_shutdown(const upbeat::ShutdownNotice& notice) override {
    write("told: " + notice.why + ", budget " +
          (notice.budget ? std::to_string(notice.budget->count()) + " ms" : "unknown"));
    going("when told");
    timer_.expires_after(std::chrono::milliseconds(hold_ms_));
    timer_.async_wait([this](const auto&) {
      write("let go");
      source_.let_go();
    });
  }
  void on_shutdown_cancelled() override { write("cancelled"); }

 private:
  void write(const std::string& text) {
    const std::chrono::duration<double> now = std::chrono::steady_clock::now().time_since_epoch();
    std::ofstream(file_, std::ios::app) << std::to_string(now.count()) << " " << text << std::endl;
  }
  void going(const std::string& when) {
    const auto answer = upbeat::system_is_going_down();
    write(when + " the system " +
          (!answer   ? "cannot be asked: " + answer.error().text
           : *answer ? "is going down"
                     : "is not going down"));
  }

  const char* file_;
  int hold_ms_;
  boost::asio::io_context io_;
  boost::asio::steady_timer timer_{io_};
  upbeat::LogindShutdown source_{io_, [this](const auto& error) { write(error.text); }};
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: shutdown_probe FILE HOLD_MS\n", stderr);
    return 2;
  }
  return Probe(argv[1], std::stoi(argv[2])).run();
}
