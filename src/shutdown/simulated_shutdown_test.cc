// SPDX-License-Identifier: Apache-2.0
// The world of the simulated host, and what only it can show.
#include "shutdown/simulated_shutdown.h"

#include <gtest/gtest.h>

#include "clock/simulated_clock.h"
#include "shutdown/shutdown_contract.h"

namespace upbeat {
namespace {

using namespace std::chrono_literals;

class SimulatedWorld final : public ShutdownWorld {
 public:
  std::unique_ptr<ShutdownSource> make_source() override {
    return std::make_unique<SimulatedShutdown>(host_);
  }
  void ask_for_reboot() override { host_.announce("reboot"); }
  bool under_way() override { return host_.under_way(); }
  void run_until(const std::function<bool()>& ready) override {
    while (!ready()) {
      if (!clock_.step()) throw std::runtime_error("nothing left to wait for");
    }
  }
  void run_a_while() override { clock_.advance(1s); }

 private:
  SimulatedClock clock_;
  SimulatedMachine host_{clock_, 30s, [this] { host_.cancel(); }};
};

struct Notes final : ShutdownListener {
  void on_shutdown(const ShutdownNotice& notice) override { lines.push_back(notice.why); }
  void on_shutdown_cancelled() override { lines.emplace_back("-"); }
  std::vector<std::string> lines;
};

TEST(SimulatedMachine, AilsAgainWhenAShutdownIsCancelledUntilItRecovers) {
  SimulatedClock clock;
  SimulatedMachine host(clock, 30s, [] {});
  SimulatedShutdown source(host);
  Notes notes;
  ASSERT_TRUE(source.start(notes));
  const auto turn = [&] { clock.advance(1ms); };

  host.ail("hot");
  turn();
  host.announce("reboot");
  turn();
  host.cancel();
  turn();
  host.recover();
  turn();

  EXPECT_EQ(notes.lines, (std::vector<std::string>{"hot", "reboot", "hot", "-"}));
}

TEST(SimulatedMachine, TellsADaemonThatBeginsWhatAilsIt) {
  SimulatedClock clock;
  SimulatedMachine host(clock, 30s, [] {});
  host.ail("hot");
  SimulatedShutdown source(host);
  Notes notes;
  ASSERT_TRUE(source.start(notes));
  clock.advance(1ms);
  EXPECT_EQ(notes.lines, std::vector<std::string>{"hot"});
}

struct Deaf final : ShutdownListener {
  void on_shutdown(const ShutdownNotice&) override {}
  void on_shutdown_cancelled() override {}
};

TEST(SimulatedMachine, GoesWhenTheBudgetIsUsedUp) {
  SimulatedClock clock;
  int gone = 0;
  SimulatedMachine host(clock, 30s, [&] { ++gone; });
  SimulatedShutdown source(host);
  Deaf listener;
  ASSERT_TRUE(source.start(listener));

  host.announce("reboot");
  clock.advance(29s);
  EXPECT_EQ(gone, 0);
  clock.advance(2s);
  source.let_go();
  clock.advance(1s);

  EXPECT_EQ(gone, 1);
}

TEST(SimulatedMachine, GoesAtOnceWhenNobodyHoldsIt) {
  SimulatedClock clock;
  int gone = 0;
  SimulatedMachine host(clock, 30s, [&] { ++gone; });

  host.announce("reboot");

  EXPECT_EQ(gone, 1);
}

}  // namespace

std::unique_ptr<ShutdownWorld> make_shutdown_world() { return std::make_unique<SimulatedWorld>(); }

}  // namespace upbeat
