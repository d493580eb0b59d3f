// SPDX-License-Identifier: Apache-2.0
// The first and only program of a lab's guest: boots it, keeps its memory and disk busy, and tells.
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>

#include "lab/guest/boot.h"
#include "lab/guest/disk.h"
#include "lab/guest/load.h"
#include "lab/guest/memory.h"
#include "lab/guest/server.h"

namespace {

using namespace upbeat::guest;
using namespace std::chrono_literals;

// 16 MiB of memory, rewritten at some 1.6 MB/s: each page every ten seconds. More would cost the
// emulated processor more than its share, since eight guests live on two real ones.
constexpr std::size_t checked_pages = 4096;
constexpr int pages_per_turn = 40;
constexpr auto turn = 100ms;

struct Counts {
  std::atomic<std::uint64_t> memory_checks{0};
  std::atomic<std::uint64_t> memory_errors{0};
  std::atomic<std::uint64_t> disk_writes{0};
  std::atomic<std::uint64_t> disk_errors{0};
};
Counts counts;
Load load;

/// What /proc/net/snmp counts as InEchos, the ninth of ICMP's numbers.
unsigned long long echoes_in_the_stack() {
  constexpr int numbers_before = 8;
  unsigned long long echoes = 0;
  if (std::FILE* file = std::fopen("/proc/net/snmp", "re")) {
    char line[512];
    while (std::fgets(line, sizeof line, file) != nullptr) {
      char* at = line + 6;
      if (std::strncmp(line, "Icmp: ", 6) != 0 || *at < '0' || *at > '9') continue;
      for (int number = 0; number <= numbers_before; ++number) echoes = std::strtoull(at, &at, 10);
    }
    std::fclose(file);
  }
  return echoes;
}

std::string boot_id() {
  char text[64] = {};
  if (std::FILE* file = std::fopen("/proc/sys/kernel/random/boot_id", "re")) {
    if (std::fscanf(file, "%63s", text) != 1) text[0] = '\0';
    std::fclose(file);
  }
  return text;
}

void work_memory(std::uint64_t seed) {
  CheckedMemory memory(checked_pages, seed);
  while (true) {
    for (int page = 0; page < pages_per_turn; ++page) {
      if (!memory.step()) ++counts.memory_errors;
      ++counts.memory_checks;
    }
    std::this_thread::sleep_for(turn);
  }
}

void work_disk(const std::string& id) {
  DiskLog log("/dev/vda", id);
  while (log.open()) {
    ++(log.write_record() == DiskResult::written ? counts.disk_writes : counts.disk_errors);
    std::this_thread::sleep_for(1s);
  }
}

std::string status_line(const std::string& vm, const std::string& id) {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  char line[512];
  std::snprintf(line, sizeof line,
                R"({"vm":"%s","boot_id":"%s","uptime_s":%lld.%03ld,"memory_checks":%llu,)"
                R"("memory_errors":%llu,"disk_writes":%llu,"disk_errors":%llu,)"
                R"("stack_echoes":%llu})",
                vm.c_str(), id.c_str(), static_cast<long long>(now.tv_sec), now.tv_nsec / 1000000,
                static_cast<unsigned long long>(counts.memory_checks),
                static_cast<unsigned long long>(counts.memory_errors),
                static_cast<unsigned long long>(counts.disk_writes),
                static_cast<unsigned long long>(counts.disk_errors), echoes_in_the_stack());
  return line;
}

}  // namespace

int main() {
  std::setvbuf(stdout, nullptr, _IOLBF, 256);
  ::signal(SIGPIPE, SIG_IGN);
  bring_up();
  if (kernel_argument("upbeat.probe") == "1") {
    std::printf("upbeat-guest-boots\n");
    std::fflush(stdout);
    power_cycle();
  }
  const std::string vm = kernel_argument("upbeat.vm");
  const std::string id = boot_id();
  std::printf("%s: up, boot id %s\n", vm.c_str(), id.c_str());
  std::thread(work_memory, std::strtoull(id.c_str(), nullptr, 16)).detach();
  std::thread(work_disk, id).detach();
  std::thread([] { load.work(); }).detach();
  std::thread([] {  // the first process inherits every orphan and has to bury it
    start_helpers();
    while (true) {
      if (::wait(nullptr) < 0) std::this_thread::sleep_for(10s);
    }
  })
      .detach();
  serve([&](const std::string& line) -> std::string {
    LoadWish wish;
    if (read_wish(line, wish)) {
      load.wish(wish);
    } else if (!line.empty() && line != "status") {
      return R"({"error":"say status, or write MIB_PER_S OF_MIB"})";
    }
    return status_line(vm, id);
  });
  power_cycle();
}
