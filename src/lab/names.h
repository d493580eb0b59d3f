// SPDX-License-Identifier: Apache-2.0
// Where everything of a lab is and what it is called: paths, network namespaces, addresses.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace upbeat::lab {

constexpr int node_limit = 16;
constexpr int vm_limit = 64;
constexpr const char* gateway_address = "10.9.0.254";
constexpr int gateway_host_part = 254;
constexpr int supply_limit = 2;  ///< power supplies of a node, and so power strips
constexpr int first_guest_host_part = 100;
constexpr int first_disk_port = 10809;
constexpr int link_count = 2;  ///< uplinks of a node: one each on 10.9.0.0/24 and 10.9.1.0/24

/// The names of one lab. A lab is called by 1 to 12 lower-case letters and digits, so that neither
/// a namespace nor a path of one lab can be taken for another's.
class Names {
 public:
  static Result<Names> of(const std::string& lab);

  [[nodiscard]] const std::string& lab() const { return lab_; }
  [[nodiscard]] std::string namespace_prefix() const { return "upbeat-" + lab_ + "-"; }
  /// The network namespace of `gw` or of a node.
  [[nodiscard]] std::string netns(const std::string& of) const { return namespace_prefix() + of; }
  [[nodiscard]] std::filesystem::path netns_path(const std::string& of) const;

  /// State that ends with the lab: records, sockets, consoles, keys.
  [[nodiscard]] std::filesystem::path run() const;
  [[nodiscard]] std::filesystem::path records() const { return run() / "processes"; }
  [[nodiscard]] std::filesystem::path logs() const { return run() / "logs"; }
  [[nodiscard]] std::filesystem::path consoles() const { return run() / "consoles"; }
  [[nodiscard]] std::filesystem::path keys() const { return run() / "keys"; }
  /// What every node sees, read only, as /lab: kernel, initial disk, VM definitions.
  [[nodiscard]] std::filesystem::path share() const { return run() / "share"; }
  [[nodiscard]] std::filesystem::path manifest() const { return run() / "lab.json"; }
  [[nodiscard]] std::filesystem::path node_run(const std::string& node) const;

  /// Data that is written a lot: overlays and disks.
  [[nodiscard]] std::filesystem::path data() const;
  [[nodiscard]] std::filesystem::path node_data(const std::string& node) const;
  [[nodiscard]] std::filesystem::path node_root(const std::string& node) const;
  /// Only a node that is a machine has one.
  [[nodiscard]] std::filesystem::path machine_disk(const std::string& node) const;
  [[nodiscard]] std::filesystem::path disk(const std::string& vm) const;

  /// The lock that a command which changes the lab holds.
  [[nodiscard]] std::filesystem::path lock() const;

 private:
  explicit Names(std::string lab) : lab_(std::move(lab)) {}
  std::string lab_;
};

[[nodiscard]] std::filesystem::path run_root();    ///< /run/upbeat-lab
[[nodiscard]] std::filesystem::path data_root();   ///< /var/lib/upbeat-lab
[[nodiscard]] std::filesystem::path cache_root();  ///< /var/cache/upbeat-lab

[[nodiscard]] std::string node_name(int index);               ///< node0 …
[[nodiscard]] int node_index(const std::string& node);        ///< of node0 … the number
[[nodiscard]] std::string vm_name(int index);                 ///< x0 …
[[nodiscard]] std::string node_address(int index, int link);  ///< 10.9.LINK.INDEX+1
[[nodiscard]] std::string bridge_mac(int index, int link);    ///< 02:00:0a:09:LINK:INDEX+1
[[nodiscard]] std::string machine_mac(int index, int link);   ///< 02:00:0a:0a:LINK:INDEX+1
[[nodiscard]] std::string strip_address(int strip);  ///< the gateway's; strip 1: 10.9.0.253
[[nodiscard]] std::string guest_address(int index);  ///< 10.9.0.100+INDEX
[[nodiscard]] std::string gateway_port(const std::string& node, int link);  ///< node0p0 …

}  // namespace upbeat::lab
