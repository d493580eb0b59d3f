// SPDX-License-Identifier: Apache-2.0
// Two hosts with a real libvirtd each on this machine, for tests.
//
//   nodeA (10.9.8.1) up0 ───── up0 (10.9.8.2) nodeB
//
// A host is a set of namespaces (mount, network, pid, host name) with its own /run, /etc/libvirt,
// /var/lib/libvirt and /etc/hosts, held by a process that dies with the test, and everything in it
// too. Its libvirtd's socket lies in a folder that the test sees.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace upbeat::test {

/// What the guest of 512 bytes (tiny_guest.S) is to do.
struct TinyGuest {
  std::uint32_t fill_mib = 0;    ///< of its memory, with other than zeros
  std::uint32_t life_ticks = 0;  ///< powers off after so many 18ths of a second; 0: never
  enum class Mood : std::uint8_t { calm, restless } mood = Mood::calm;  ///< restless: fills again
  std::uint8_t toil = 0;  ///< rounds of work between two writes
  enum class Ear : std::uint8_t { hears, deaf } ear = Ear::hears;  ///< its power button
};

class RealHost {
 public:
  /// Makes the host's namespaces and folders under `folder`; its libvirtd is not started.
  RealHost(std::string name, std::filesystem::path folder);
  RealHost(const RealHost&) = delete;
  RealHost& operator=(const RealHost&) = delete;
  ~RealHost();

  void start_libvirtd();  ///< or lets a frozen one go on
  void stop_libvirtd();
  void freeze_libvirtd();  ///< stands still, as with a bug or a dead disk
  void kill_qemu(const std::string& vm);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] pid_t init() const { return init_; }
  [[nodiscard]] std::string uri() const;
  /// Runs a shell line in the host; its output, or a test failure.
  std::string run(const std::string& line);
  /// libvirtd's state, what its threads wait for, and the end of its log.
  std::string tell_of_libvirtd();

 private:
  std::string name_;
  std::filesystem::path folder_;
  pid_t holder_ = 0;  ///< unshare; SIGKILL takes all of the host with it
  pid_t init_ = 0;    ///< process 1 of the host
};

/// Both hosts, their cable, and the guests' boot images.
class RealHosts {
 public:
  RealHosts();
  RealHosts(const RealHosts&) = delete;
  RealHosts& operator=(const RealHosts&) = delete;
  ~RealHosts();

  RealHost& host(std::size_t index) { return *hosts_[index]; }
  /// Whether the guest has said on its console that it is up.
  [[nodiscard]] bool booted(const std::string& vm) const;
  /// The definition of a guest of 32 MiB.
  std::string domain_xml(const std::string& vm, const std::string& uuid, const TinyGuest& guest);

 private:
  std::filesystem::path folder_;
  std::vector<std::unique_ptr<RealHost>> hosts_;
};

}  // namespace upbeat::test
