// SPDX-License-Identifier: Apache-2.0
// For tests: a machine in QEMU that has nothing but Linux, its watchdogs and watchdog_host.cc.
#include "fence/test/watchdog_guest.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <array>
#include <charconv>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <vector>

#include "fence/test/watchdog_table.h"

namespace upbeat {
namespace {

using namespace std::chrono_literals;

/// For a boot on a machine that has much else to do; a second or two is the rule.
constexpr auto patience = 120s;

std::string from_environment(const char* name) {
  const char* value = ::getenv(name);
  if (value == nullptr) {
    throw std::runtime_error(std::string(name) + " is not set: run src/fence/contract_in_guest.sh");
  }
  return value;
}

std::vector<std::string> qemu_command(const std::filesystem::path& folder) {
  return {"qemu-system-x86_64", "-machine", "q35,accel=tcg", "-m", "192", "-nodefaults", "-display",
          "none",
          // A reset ends QEMU, a panic does not.
          "-no-reboot", "-kernel", from_environment("UPBEAT_GUEST_KERNEL"), "-initrd",
          from_environment("UPBEAT_GUEST_INITRD"), "-append",
          // noirq: half the time to boot, and no device is there whose interrupt would be missed.
          "console=ttyS0 quiet panic=0 acpi=noirq",
          // An instruction takes 1 ns, and time flies when the processor idles.
          "-icount", "shift=0,sleep=off",
          // The chipset's watchdog, as a mainboard has it whose firmware knows of it.
          "-global", "ICH9-LPC.noreboot=off", "-acpitable",
          "sig=WDAT,rev=1,data=" + (folder / "wdat").string(), "-serial",
          "file:" + (folder / "console").string(), "-chardev", "stdio,id=words,signal=off",
          "-serial", "chardev:words"};
}

}  // namespace

WatchdogGuest::WatchdogGuest() {
  std::string name = (std::filesystem::temp_directory_path() / "upbeat-watchdog-XXXXXX").string();
  folder_ = ::mkdtemp(name.data());
  std::ofstream(folder_ / "wdat") << watchdog_table();
  launch();
  if (answer() != "ok") throw std::runtime_error("the guest does not boot:\n" + console());
}

WatchdogGuest::~WatchdogGuest() {
  if (!ended_) {
    ::kill(qemu_, SIGKILL);
    ::waitpid(qemu_, nullptr, 0);
  }
  std::filesystem::remove_all(folder_);
}

void WatchdogGuest::launch() {
  const auto words = qemu_command(folder_);
  std::vector<char*> argv;
  for (const auto& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  std::array<int, 2> in{};
  std::array<int, 2> out{};
  if (::pipe2(in.data(), O_CLOEXEC) != 0 || ::pipe2(out.data(), O_CLOEXEC) != 0) {
    throw std::runtime_error("cannot make a pipe to the guest");
  }
  to_guest_.reset(in[1]);
  from_guest_.reset(out[0]);
  qemu_ = ::fork();
  if (qemu_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(in[0], STDIN_FILENO);
    ::dup2(out[1], STDOUT_FILENO);
    ::execvp(argv[0], argv.data());
    ::_exit(127);
  }
  ::close(in[0]);
  ::close(out[1]);
}

Result<std::string> WatchdogGuest::ask(const std::string& command) {
  const auto line = command + "\n";
  if (ended_ || ::write(to_guest_.get(), line.data(), line.size()) < 0) {
    throw std::runtime_error("the guest has ended and cannot " + command + "\n" + console());
  }
  auto said = answer();
  if (!said) throw std::runtime_error("the guest was reset at " + command + "\n" + console());
  if (said->starts_with("ok")) return said->substr(said->size() > 2 ? 3 : 2);
  return fail(said->substr(said->find(' ') + 1));
}

std::string WatchdogGuest::tell(const std::string& command) {
  auto said = ask(command);
  if (!said) throw std::runtime_error("the guest could not " + command + ": " + said.error().text);
  return *said;
}

void WatchdogGuest::pass(std::chrono::milliseconds time) {
  if (ended_) return;
  const auto line = "pass " + std::to_string(time.count()) + "\n";
  if (::write(to_guest_.get(), line.data(), line.size()) < 0) {
    throw std::runtime_error("the guest does not listen\n" + console());
  }
  (void)answer();
}

std::optional<std::string> WatchdogGuest::answer() {
  while (auto line = next_line()) {
    long long now_ms = 0;
    const char* const end = line->data() + line->size();
    if (line->size() < 3 || (line->front() != '=' && line->front() != '-')) continue;
    const auto time = std::from_chars(line->data() + 2, end, now_ms);
    now_ = std::chrono::milliseconds(now_ms);
    if (line->front() == '=' && time.ptr != end) return std::string(time.ptr + 1, end);
  }
  return std::nullopt;
}

std::optional<std::string> WatchdogGuest::next_line() {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  for (;;) {
    if (const auto end = heard_.find('\n'); end != std::string::npos) {
      auto line = heard_.substr(0, end);
      heard_.erase(0, end + 1);
      return line;
    }
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    pollfd ready{.fd = from_guest_.get(), .events = POLLIN};
    if (left.count() <= 0 || ::poll(&ready, 1, static_cast<int>(left.count())) == 0) {
      throw std::runtime_error("nothing is heard of the guest\n" + console());
    }
    std::array<char, 4096> bytes{};
    const auto got = ::read(from_guest_.get(), bytes.data(), bytes.size());
    if (got > 0) {
      heard_.append(bytes.data(), static_cast<std::size_t>(got));
      continue;
    }
    int status = 0;
    ::waitpid(qemu_, &status, 0);
    ended_ = true;
    if (status != 0) throw std::runtime_error("QEMU has failed\n" + console());
    return std::nullopt;
  }
}

std::string WatchdogGuest::console() const {
  std::ifstream file(folder_ / "console");
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace upbeat
