// SPDX-License-Identifier: Apache-2.0
// Looks at every node and guest and writes down what there is.
#include "lab/status.h"

#include <boost/json.hpp>
#include <future>
#include <iomanip>
#include <sstream>

namespace upbeat::lab {
namespace {

using namespace std::chrono_literals;

constexpr auto answer_limit = 1500ms;
constexpr auto ask_limit = 5s;

struct NodeView {
  std::string name;
  std::string power;
  std::string state;  ///< systemd's word for it, or off, starting
  std::vector<std::string> links;
  std::vector<std::string> guests;
};

struct VmView {
  std::string name;
  std::string address;
  std::vector<std::string> running_on;
  Result<GuestStatus> status = fail("not asked");
};

struct View {
  std::vector<NodeView> nodes;
  std::vector<VmView> vms;
};

std::string state_of(const Lab& lab, const std::string& node) {
  if (lab.power(node) == Power::off) return "off";
  if (!lab.has_booted(node)) return "starting";
  auto said = lab.exec(node, {.argv = {"systemctl", "is-system-running"}, .timeout = ask_limit});
  if (!said || said->out.empty()) return "unknown";
  return said->out.substr(0, said->out.find('\n'));
}

NodeView look_at(const Lab& lab, const std::string& node,
                 const std::vector<QemuProcess>& processes) {
  NodeView view{.name = node,
                .power = lab.power(node) == Power::on ? "on" : "off",
                .state = state_of(lab, node)};
  for (const auto cable : cables_of(lab.names(), node).value_or(std::vector<Cable>{})) {
    view.links.emplace_back(cable == Cable::plugged ? "plugged" : "pulled");
  }
  for (const auto& process : processes) {
    if (process.node == node) view.guests.push_back(process.vm);
  }
  return view;
}

View look(const Lab& lab) {
  const auto processes = lab.qemu_processes();
  std::vector<std::future<Result<GuestStatus>>> asked;
  for (const auto& guest : lab.guests()) {
    asked.push_back(std::async(std::launch::async, [&lab, name = guest.name] {
      return lab.ask_guest(name, answer_limit);
    }));
  }
  View view;
  for (const auto& node : lab.nodes()) view.nodes.push_back(look_at(lab, node.name, processes));
  for (std::size_t at = 0; at < lab.guests().size(); ++at) {
    VmView vm{.name = lab.guests()[at].name, .address = lab.guests()[at].address};
    for (const auto& process : processes) {
      if (process.vm == vm.name) vm.running_on.push_back(process.node);
    }
    vm.status = asked[at].get();
    view.vms.push_back(std::move(vm));
  }
  return view;
}

boost::json::array strings(const std::vector<std::string>& from) {
  boost::json::array out;
  for (const auto& word : from) out.emplace_back(boost::json::string_view(word));
  return out;
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : " ") + word;
  return out.empty() ? "-" : out;
}

const char* accelerator(const Lab& lab) {
  return lab.shape().accelerator == Accelerator::kvm ? "kvm" : "tcg";
}

}  // namespace

std::string status_json(const Lab& lab) {
  const View view = look(lab);
  boost::json::array nodes;
  for (const auto& node : view.nodes) {
    nodes.push_back(boost::json::object{{"name", node.name},
                                        {"power", node.power},
                                        {"state", node.state},
                                        {"links", strings(node.links)},
                                        {"guests", strings(node.guests)}});
  }
  boost::json::array vms;
  for (const auto& vm : view.vms) {
    boost::json::object object{{"name", vm.name},
                               {"address", vm.address},
                               {"running_on", strings(vm.running_on)},
                               {"answers", vm.status.has_value()}};
    if (vm.status) {
      object["boot_id"] = vm.status->boot_id;
      object["uptime_s"] = vm.status->uptime_s;
      object["memory_checks"] = vm.status->memory_checks;
      object["memory_errors"] = vm.status->memory_errors;
      object["disk_errors"] = vm.status->disk_errors;
      object["stack_echoes"] = vm.status->stack_echoes;
    }
    vms.push_back(std::move(object));
  }
  return boost::json::serialize(boost::json::object{{"lab", lab.names().lab()},
                                                    {"accelerator", accelerator(lab)},
                                                    {"nodes", std::move(nodes)},
                                                    {"vms", std::move(vms)}}) +
         "\n";
}

std::string status_text(const Lab& lab) {
  const View view = look(lab);
  std::ostringstream out;
  out << "lab '" << lab.names().lab() << "', guests by " << accelerator(lab) << "\n\n"
      << std::left << std::setw(10) << "NODE" << std::setw(7) << "POWER" << std::setw(13) << "STATE"
      << std::setw(18) << "LINKS" << "GUESTS\n";
  for (const auto& node : view.nodes) {
    out << std::setw(10) << node.name << std::setw(7) << node.power << std::setw(13) << node.state
        << std::setw(18) << joined(node.links) << joined(node.guests) << "\n";
  }
  out << "\n"
      << std::setw(6) << "VM" << std::setw(14) << "ADDRESS" << std::setw(16) << "RUNS ON"
      << "ANSWERS\n";
  for (const auto& vm : view.vms) {
    out << std::setw(6) << vm.name << std::setw(14) << vm.address << std::setw(16)
        << joined(vm.running_on);
    if (vm.status) {
      out << "yes, up " << static_cast<long>(vm.status->uptime_s) << " s, "
          << vm.status->memory_errors << " memory errors\n";
    } else {
      out << "no\n";
    }
  }
  return out.str();
}

}  // namespace upbeat::lab
