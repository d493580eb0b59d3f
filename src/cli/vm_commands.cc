// SPDX-License-Identifier: Apache-2.0
// Commands about guests.
#include "cli/vm_commands.h"

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <memory>

#include "api/http_server.h"
#include "api/target.h"
#include "cli/command.h"
#include "cli/exit_status.h"
#include "cli/fields.h"
#include "cli/tables.h"
#include "cli/waiting.h"

namespace upbeat::cli {
namespace {

namespace json = boost::json;

struct VmOptions : ApiOptions {
  std::string vm;
  std::string file;
  std::string to;
  std::string failback;
  std::int32_t priority = 0;
  bool force = false;
  WaitOptions wait;
};

std::string target_of(const VmOptions& options, const std::string& verb) {
  return "/v1/vms/" + percent_encode(options.vm) + verb;
}

CLI::App* add(CLI::App& vms, const char* name, const char* what, VmOptions& options) {
  CLI::App* command = vms.add_subcommand(name, what);
  add_api_options(*command, options);
  return command;
}

CLI::App* add_named(CLI::App& vms, const char* name, const char* what, VmOptions& options) {
  CLI::App* command = add(vms, name, what, options);
  command->add_option("VM", options.vm, "The VM's name")->required();
  return command;
}

/// The file's text, or standard input's for "-".
Outcome<std::string> read_definition(const std::string& file) {
  const auto cannot = [&](const std::string& why) {
    return std::unexpected(Failure{.exit_status = exit_refused,
                                   .http_status = 0,
                                   .text = "cannot read the definition " + file + ": " + why});
  };
  std::ifstream opened;
  if (file != "-") opened.open(file);
  if (file != "-" && !opened) return cannot(std::strerror(errno));
  std::istream& in = file == "-" ? std::cin : opened;
  std::string text(http_body_limit_bytes + 1, '\0');
  errno = 0;
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad() || errno == EISDIR) return cannot(std::strerror(errno));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.empty()) return cannot("it is empty; it should hold libvirt domain XML");
  if (text.size() > http_body_limit_bytes)
    return cannot("it is longer than " + std::to_string(http_body_limit_bytes >> 10U) + " KiB");
  return text;
}

void add_define(CLI::App& vms) {
  const auto options = std::make_shared<VmOptions>();
  CLI::App* command = add(vms, "define", "Define a VM from libvirt domain XML", *options);
  command->add_option("FILE", options->file, "The file; - for standard input")->required();
  command->add_option("--priority", options->priority, "Higher is served first")
      ->capture_default_str();
  command->callback([options] {
    const std::string definition = or_end(read_definition(options->file), options->format());
    const auto answer = or_end(
        options->client().send("POST", "/v1/vms",
                               {{"domain_xml", definition}, {"priority", options->priority}}),
        options->format());
    if (options->json) return print_json(answer);
    std::cout << "defined; `upbeat vm start` starts it\n";
  });
}

void add_start(CLI::App& vms) {
  const auto options = std::make_shared<VmOptions>();
  CLI::App* command = add_named(vms, "start", "Keep a VM running from now on", *options);
  add_wait_options(*command, options->wait);
  command->callback([options] {
    ask_and_wait(*options, options->wait,
                 {.method = "POST", .target = target_of(*options, "/start"), .body = {}},
                 start_goal(options->vm));
  });
}

json::object force_body(const VmOptions& options) {
  return options.force ? json::object{{"force", true}} : json::object{};
}

void add_stop(CLI::App& vms) {
  const auto options = std::make_shared<VmOptions>();
  CLI::App* command = add_named(vms, "stop", "Shut a VM down and keep it down", *options);
  command->add_flag("--force", options->force, "Take its power away, do not ask the guest");
  add_wait_options(*command, options->wait);
  command->callback([options] {
    ask_and_wait(
        *options, options->wait,
        {.method = "POST", .target = target_of(*options, "/stop"), .body = force_body(*options)},
        stop_goal(options->vm));
  });
}

void add_remove(CLI::App& vms) {
  const auto options = std::make_shared<VmOptions>();
  CLI::App* command = add_named(vms, "remove", "Stop a VM, then forget it", *options);
  command->add_flag("--force", options->force, "Take its power away, do not ask the guest");
  add_wait_options(*command, options->wait);
  command->callback([options] {
    ask_and_wait(
        *options, options->wait,
        {.method = "DELETE", .target = target_of(*options, ""), .body = force_body(*options)},
        remove_goal(options->vm));
  });
}

void add_migrate(CLI::App& vms) {
  const auto options = std::make_shared<VmOptions>();
  CLI::App* command = add_named(vms, "migrate", "Move a running VM, live", *options);
  command->add_option("NODE", options->to, "Where to; without it Upbeat chooses");
  add_wait_options(*command, options->wait);
  command->callback([options] {
    const json::value before =
        or_end(options->client().get(target_of(*options, "")), options->format());
    Asked asked{.method = "POST", .target = target_of(*options, "/migrate"), .body = {}};
    if (!options->to.empty()) asked.body["to"] = options->to;
    ask_and_wait(*options, options->wait, asked,
                 migrate_goal(options->vm, text_in(before, "node"), options->to));
  });
}

void add_failback(CLI::App& vms) {
  const auto options = std::make_shared<VmOptions>();
  CLI::App* command =
      add_named(vms, "failback", "Whether a VM goes back to its home node", *options);
  command->add_option("WHETHER", options->failback, "stay, return, or default: as the policy says")
      ->required()
      ->check(CLI::IsMember({"stay", "return", "default"}));
  command->callback([options] {
    json::object body;
    if (options->failback != "default") body["failback"] = options->failback;
    const auto answer = or_end(
        options->client().send("POST", target_of(*options, "/failback"), body), options->format());
    if (options->json) return print_json(answer);
    std::cout << "the failback of " << options->vm << " is " << options->failback << "\n";
  });
}

void add_list(CLI::App& vms) {
  const auto options = std::make_shared<VmOptions>();
  add(vms, "list", "List the VMs", *options)->callback([options] {
    const json::value list = or_end(options->client().get("/v1/vms"), options->format());
    if (options->json) return print_json(list);
    std::cout << vms_text(list, colours_of_stdout());
  });
}

void print_vm(const VmOptions& options) {
  const Client client = options.client();
  const json::value vm = or_end(client.get(target_of(options, "")), options.format());
  const json::value explanation =
      or_end(client.get("/v1/explain/vms/" + percent_encode(options.vm)), options.format());
  std::cout << vms_text({{"vms", json::array{vm}}}, colours_of_stdout()) << "\n";
  for (const json::value& sentence : list_in(explanation, "sentences"))
    std::cout << text_of(sentence) << "\n";
}

void add_show(CLI::App& vms) {
  const auto options = std::make_shared<VmOptions>();
  add_named(vms, "show", "Show a VM, and why it is as it is", *options)->callback([options] {
    if (!options->json) return print_vm(*options);
    print_json(or_end(options->client().get(target_of(*options, "")), options->format()));
  });
}

void add_xml(CLI::App& vms) {
  const auto options = std::make_shared<VmOptions>();
  add_named(vms, "xml", "Print a VM's definition", *options)->callback([options] {
    const json::value vm =
        or_end(options->client().get(target_of(*options, "")), options->format());
    const std::string definition = verbatim_in(vm, "domain_xml");
    if (options->json) return print_json(json::object{{"domain_xml", definition}});
    std::cout << definition << (definition.ends_with('\n') ? "" : "\n");
  });
}

}  // namespace

void add_vms(CLI::App& app) {
  CLI::App* vms = app.add_subcommand("vm", "Define, start, stop, move and remove VMs");
  vms->require_subcommand(1);
  add_define(*vms);
  add_start(*vms);
  add_stop(*vms);
  add_migrate(*vms);
  add_remove(*vms);
  add_failback(*vms);
  add_list(*vms);
  add_show(*vms);
  add_xml(*vms);
}

}  // namespace upbeat::cli
