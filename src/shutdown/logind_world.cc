// SPDX-License-Identifier: Apache-2.0
// The world of a real systemd and logind: a machine whose reboot.target is masked.
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <stdexcept>

#include "base/process.h"
#include "shutdown/logind_shutdown.h"
#include "shutdown/shutdown_contract.h"

namespace upbeat {
namespace {

using namespace std::chrono_literals;

/// How often a question to logind is asked again while something else is waited for.
constexpr auto look_again = 20ms;
constexpr auto patience = 20s;

std::string tool(std::vector<std::string> argv) {
  auto out = run_checked({.argv = std::move(argv), .timeout = 20s});
  if (!out) throw std::runtime_error(out.error().text);
  return *out;
}

/// The one that contract_in_container.sh prepares.
class LogindWorld final : public ShutdownWorld {
 public:
  ~LogindWorld() override {
    run_until([&] { return !under_way(); });
  }
  std::unique_ptr<ShutdownSource> make_source() override {
    return std::make_unique<LogindShutdown>(
        io_, [](const Error& error) { std::puts(error.text.c_str()); });
  }
  void ask_for_reboot() override { tool({"systemctl", "reboot"}); }
  bool under_way() override {
    return tool({"busctl", "get-property", "org.freedesktop.login1", "/org/freedesktop/login1",
                 "org.freedesktop.login1.Manager", "PreparingForShutdown"}) == "b true\n";
  }
  void run_until(const std::function<bool()>& ready) override {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!ready()) {
      if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("waited in vain");
      io_.run_one_for(look_again);
    }
  }
  void run_a_while() override { io_.run_for(1s); }

 private:
  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
      io_.get_executor()};
};

}  // namespace

std::unique_ptr<ShutdownWorld> make_shutdown_world() { return std::make_unique<LogindWorld>(); }

}  // namespace upbeat
