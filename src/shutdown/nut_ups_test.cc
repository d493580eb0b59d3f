// SPDX-License-Identifier: Apache-2.0
// A UPS as NUT's own upsd tells of it, with its dummy driver: its state is a file.
#include "shutdown/nut_ups.h"

#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

namespace upbeat {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
using boost::asio::ip::tcp;

/// A program that runs until this ends.
class Daemon {
 public:
  Daemon(std::vector<std::string> words, const std::vector<std::string>& environment) {
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    auto settings = environment;
    std::vector<char*> envp;
    for (auto& setting : settings) envp.push_back(setting.data());
    envp.push_back(nullptr);
    posix_spawn_file_actions_t files;
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    ::posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO);
    const int failed =
        ::posix_spawn(&pid_, words.front().c_str(), &files, nullptr, argv.data(), envp.data());
    ::posix_spawn_file_actions_destroy(&files);
    if (failed != 0) throw std::runtime_error("cannot start " + words.front());
  }
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;
  ~Daemon() {
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
  }

 private:
  pid_t pid_ = 0;
};

class NutUpses : public testing::Test, public ShutdownListener {
 protected:
  NutUpses() {
    std::string pattern = fs::temp_directory_path() / "upbeat-ups-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    write("ups.conf", "[rack1]\n driver = dummy-ups\n port = " + folder_.string() +
                          "/rack1.dev\n pollinterval = 1\n");
    write("upsd.conf", "LISTEN 127.0.0.1 " + port_ + "\n");
    write("upsd.users", "");
    say("OL", 900);
  }
  ~NutUpses() override { fs::remove_all(folder_); }

  std::string free_port() {
    tcp::acceptor free(io_, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
    return std::to_string(free.local_endpoint().port());
  }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
    fs::permissions(folder_ / name, fs::perms::owner_read | fs::perms::owner_write);
  }
  /// What the UPS tells from now on.
  void say(const std::string& status, int runtime) const {
    write("rack1.dev",
          "ups.status: " + status + "\nbattery.runtime: " + std::to_string(runtime) + "\n");
  }
  [[nodiscard]] std::unique_ptr<Daemon> start(std::vector<std::string> words) const {
    if (::geteuid() == 0) words.insert(words.end(), {"-u", "root"});  // and not nut's own user
    const auto here = folder_.string();
    return std::make_unique<Daemon>(
        std::move(words),
        std::vector<std::string>{"NUT_CONFPATH=" + here, "NUT_STATEPATH=" + here,
                                 "NUT_ALTPIDPATH=" + here, "NUT_PIDPATH=" + here});
  }
  void begin() {
    driver_ = start({"/lib/nut/dummy-ups", "-a", "rack1", "-F"});
    server_ = start({"/lib/nut/upsd", "-F"});
    ASSERT_TRUE(ups_.start(*this));
  }
  bool wait(const std::function<bool()>& enough) {
    const auto until = std::chrono::steady_clock::now() + 30s;
    while (!enough()) {
      if (std::chrono::steady_clock::now() > until) return false;
      io_.run_one_for(100ms);
    }
    return true;
  }
  void on_shutdown(const ShutdownNotice& notice) override { told_.push_back(notice); }
  void on_shutdown_cancelled() override { ++cancelled_; }

  boost::asio::io_context io_{1};
  fs::path folder_;
  std::string port_ = free_port();
  std::vector<ShutdownNotice> told_;
  int cancelled_ = 0;
  std::vector<std::string> troubles_;
  std::unique_ptr<Daemon> driver_;
  std::unique_ptr<Daemon> server_;
  NutUps ups_{io_,
              {.ups = "rack1", .host = "127.0.0.1", .port = port_},
              {.name = "rack1", .patience = 1s},
              [this](const std::string& trouble) { troubles_.push_back(trouble); }};
};

TEST_F(NutUpses, TellWhenTheHostHasToGoAndWhenItStays) {
  begin();
  ASSERT_TRUE(wait([&] { return !troubles_.empty() && troubles_.back().empty(); }));
  EXPECT_TRUE(told_.empty());

  say("OB DISCHRG", 600);
  ASSERT_TRUE(wait([&] { return !told_.empty(); }));
  EXPECT_EQ(told_[0].why, "UPS rack1 is on battery, 600 s left");
  EXPECT_EQ(told_[0].budget, 480s);

  say("OL CHRG", 590);
  ASSERT_TRUE(wait([&] { return cancelled_ == 1; }));
}

TEST_F(NutUpses, AreAskedAgainWhenTheirServerWasAway) {
  begin();
  ASSERT_TRUE(wait([&] { return !troubles_.empty() && troubles_.back().empty(); }));
  server_.reset();
  ASSERT_TRUE(wait([&] { return !troubles_.back().empty(); }));
  EXPECT_TRUE(troubles_.back().starts_with("cannot read UPS rack1 of 127.0.0.1:" + port_ + ": "))
      << troubles_.back();

  say("OB LB", 100);
  server_ = start({"/lib/nut/upsd", "-F"});
  ASSERT_TRUE(wait([&] { return !told_.empty(); }));
  EXPECT_EQ(troubles_.back(), "");
}

TEST_F(NutUpses, OfWhichTheirServerKnowsNothingAreATroubleAndNoShutdown) {
  begin();
  ASSERT_TRUE(wait([&] { return !troubles_.empty() && troubles_.back().empty(); }));
  say("OB", 600);
  driver_.reset();
  ASSERT_TRUE(wait([&] { return !troubles_.back().empty(); }));
  EXPECT_TRUE(troubles_.back().contains("DRIVER-NOT-CONNECTED") ||
              troubles_.back().contains("DATA-STALE"))
      << troubles_.back();
}

}  // namespace
}  // namespace upbeat
