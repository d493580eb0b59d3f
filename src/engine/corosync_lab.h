// SPDX-License-Identifier: Apache-2.0
// For tests: a few real Corosyncs on this machine, each in namespaces of its own, and peers on
// them.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "base/strong.h"

namespace upbeat {

/// A child process with pipes to its standard input and output. Dies with this object and with us.
class Child {
 public:
  /// Starts `argv` in the mount and network namespaces of process `home`; its standard error goes
  /// to descriptor `errors`.
  static Result<std::unique_ptr<Child>> start(pid_t home, const std::vector<std::string>& argv,
                                              int errors);

  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();  ///< SIGKILL, and waits for the end

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] int out() const { return out_.get(); }
  /// Writes one line to its standard input.
  void tell(const std::string& line);
  /// The whole lines that it has written since the last call. Does not wait.
  std::vector<std::string> lines();

 private:
  Child() = default;

  pid_t pid_ = -1;
  Fd in_;
  Fd out_;
  std::string rest_;
};

///   switch namespace:  br0   br1   br2          a partition = other bridges for some ports
///                       |
///              +--------+--------+
///            port1    port2    port3
///              |        |        |
///             eth0     eth0     eth0           10.1.0.N, each in a network namespace and
///            node 1   node 2   node 3          a mount namespace with its own /run, /dev/shm, ...
///
/// The namespaces have no names: they live as long as a process in them, all of which are children
/// of ours that the kernel kills when we die. So nothing is left behind, however we end.
class CorosyncLab {
 public:
  /// Makes the namespaces; starts no Corosync. Needs root, iproute2, util-linux and corosync.
  static Result<std::unique_ptr<CorosyncLab>> make(int nodes, int token_ms);

  CorosyncLab(const CorosyncLab&) = delete;
  CorosyncLab& operator=(const CorosyncLab&) = delete;
  ~CorosyncLab() = default;

  Result<void> start_corosync(int node);
  void kill_corosync(int node);
  [[nodiscard]] bool corosync_runs(int node) const { return corosyncs_.contains(node); }
  [[nodiscard]] pid_t corosync_pid(int node) const { return corosyncs_.at(node)->pid(); }
  /// Starts a program in the namespaces of `node`.
  Result<std::unique_ptr<Child>> start_program(int node, const std::vector<std::string>& argv);
  /// Nodes of different sets do not hear each other; all in one set: no partition.
  Result<void> partition(const std::vector<std::vector<int>>& sets);
  /// What the Corosync of `node` has logged, for a failure's report.
  [[nodiscard]] std::string log(int node) const;

 private:
  CorosyncLab() = default;
  Result<void> make_home(int node);
  Result<void> make_network();

  int nodes_ = 0;
  int token_ms_ = 0;
  std::map<int, Fd> logs_;                       // files in memory, so that none is left behind
  std::map<int, std::unique_ptr<Child>> homes_;  // 0: the switch
  std::map<int, std::unique_ptr<Child>> corosyncs_;
};

}  // namespace upbeat
