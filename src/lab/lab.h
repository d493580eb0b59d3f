// SPDX-License-Identifier: Apache-2.0
// A running lab, for programs that rehearse failures in it: its nodes and guests by name, commands
// in a node, power and cables, a place at the gateway to probe from, and the truth about what runs.
//
// All calls need root. They may be made from several threads; each blocks until it is done.
#pragma once

#include <string>
#include <vector>

#include "base/process.h"
#include "lab/files.h"
#include "lab/guest_status.h"
#include "lab/names.h"
#include "lab/network.h"
#include "lab/node.h"
#include "lab/shape.h"
#include "lab/world.h"

namespace upbeat::lab {

struct NodeInfo {
  std::string name;     ///< node0 …
  std::string address;  ///< on the first link
};

struct GuestInfo {
  std::string name;        ///< x0 …
  std::string address;     ///< seen from the gateway and from every node
  std::string definition;  ///< the path of its domain XML inside a node
};

class Lab {
 public:
  /// A lab that `upbeat lab up` has brought up; an error says so if there is none of that name.
  static Result<Lab> open(const std::string& name);

  [[nodiscard]] const Names& names() const { return names_; }
  [[nodiscard]] const Shape& shape() const { return shape_; }
  [[nodiscard]] const std::vector<NodeInfo>& nodes() const { return nodes_; }
  [[nodiscard]] const std::vector<GuestInfo>& guests() const { return guests_; }
  /// True if the lab has a node of this name.
  [[nodiscard]] bool has_node(const std::string& node) const;

  /// Runs a program in a node as root; `command.argv` is looked up in the node. The program's time
  /// counts from outside, also while the node goes down under it.
  [[nodiscard]] Result<Finished> exec(const std::string& node, const Command& command) const;

  [[nodiscard]] Power power(const std::string& node) const;
  [[nodiscard]] Done cut_power(const std::string& node) const;   ///< done when nothing runs there
  [[nodiscard]] Done switch_on(const std::string& node) const;   ///< done when it begins to boot
  [[nodiscard]] Done shut_down(const std::string& node) const;   ///< in good order, up to 5 min
  [[nodiscard]] bool has_booted(const std::string& node) const;  ///< since its power came on
  [[nodiscard]] Done pull_cable(const std::string& node) const;  ///< all links of the node
  [[nodiscard]] Done plug_cable(const std::string& node) const;

  /// Moves the calling thread to the gateway: sockets that it opens from now on reach the guests.
  /// It cannot come back, so use a thread made for it.
  [[nodiscard]] Done enter_gateway() const;

  /// What a guest says of itself, or an error if it does not answer within `limit`. Any thread.
  [[nodiscard]] Result<GuestStatus> ask_guest(const std::string& guest,
                                              std::chrono::milliseconds limit) const;

  /// Every QEMU process in the lab's nodes, from the world; see world.h for how to judge it.
  [[nodiscard]] std::vector<QemuProcess> qemu_processes() const;

 private:
  Lab(Names names, Shape shape);

  Names names_;
  Shape shape_;
  std::vector<NodeInfo> nodes_;
  std::vector<GuestInfo> guests_;
};

}  // namespace upbeat::lab
