// SPDX-License-Identifier: Apache-2.0
// The one place that knows how a lab's things are called.
#include "lab/names.h"

#include <fmt/core.h>

#include <algorithm>

namespace upbeat::lab {
namespace {

constexpr std::size_t name_limit = 12;

std::string address(int link, int host) {
  return "10.9." + std::to_string(link) + "." + std::to_string(host);
}

}  // namespace

Result<Names> Names::of(const std::string& lab) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  if (lab.empty() || lab.size() > name_limit || !std::ranges::all_of(lab, plain)) {
    return fail("cannot use '" + lab + "' as the name of a lab: take 1 to " +
                std::to_string(name_limit) + " lower-case letters and digits");
  }
  return Names(lab);
}

std::filesystem::path run_root() { return "/run/upbeat-lab"; }
std::filesystem::path data_root() { return "/var/lib/upbeat-lab"; }
std::filesystem::path cache_root() { return "/var/cache/upbeat-lab"; }

std::filesystem::path Names::netns_path(const std::string& of) const {
  return std::filesystem::path("/run/netns") / netns(of);
}
std::filesystem::path Names::run() const { return run_root() / lab_; }
std::filesystem::path Names::node_run(const std::string& node) const { return run() / node; }
std::filesystem::path Names::data() const { return data_root() / lab_; }
std::filesystem::path Names::node_data(const std::string& node) const { return data() / node; }
std::filesystem::path Names::node_root(const std::string& node) const {
  return node_data(node) / "root";
}
std::filesystem::path Names::machine_disk(const std::string& node) const {
  return node_data(node) / "disk.ext4";
}
std::filesystem::path Names::disk(const std::string& vm) const {
  return data() / "disks" / (vm + ".raw");
}
std::filesystem::path Names::lock() const { return run_root() / (lab_ + ".lock"); }

std::string node_name(int index) { return "node" + std::to_string(index); }
int node_index(const std::string& node) { return std::stoi(node.substr(node_name(0).size() - 1)); }
std::string vm_name(int index) { return "x" + std::to_string(index); }
std::string node_address(int index, int link) { return address(link, index + 1); }
std::string bridge_mac(int index, int link) {
  return fmt::format("02:00:0a:09:{:02x}:{:02x}", link, index + 1);
}
std::string machine_mac(int index, int link) {
  return fmt::format("02:00:0a:0a:{:02x}:{:02x}", link, index + 1);
}
std::string strip_address(int strip) { return address(0, gateway_host_part - strip); }
std::string guest_address(int index) { return address(0, first_guest_host_part + index); }
std::string gateway_port(const std::string& node, int link) {
  return node + "p" + std::to_string(link);
}

}  // namespace upbeat::lab
