// SPDX-License-Identifier: Apache-2.0
// The way up, step by step, each with its line of progress.
#include "lab/up.h"

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <future>
#include <sstream>

#include "lab/accelerator.h"
#include "lab/cluster.h"
#include "lab/domain_xml.h"
#include "lab/gateway.h"
#include "lab/guest_clock.h"
#include "lab/guest_root.h"
#include "lab/network.h"
#include "lab/node.h"
#include "lab/node_image.h"
#include "lab/overlay.h"
#include "lab/package.h"

namespace upbeat::lab {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t authkey_bytes = 256;
constexpr std::size_t community_bytes = 16;
constexpr std::uintmax_t node_needs_bytes = 200ULL << 20U;

struct Tool {
  const char* program;
  const char* package;
};
constexpr Tool tools[] = {
    {"/usr/sbin/ip", "iproute2"},
    {"/usr/bin/mmdebstrap", "mmdebstrap"},
    {"/usr/bin/systemd-nspawn", "systemd-container"},
    {"/usr/bin/qemu-nbd", "qemu-utils"},
    {"/usr/bin/qemu-system-x86_64", "qemu-system-x86"},
    {"/usr/sbin/snmpd", "snmpd"},
    {"/usr/bin/cpio", "cpio"},
    {"/bin/busybox", "busybox-static"},
    {"/usr/sbin/mke2fs", "e2fsprogs"},
    {"/usr/bin/nsenter", "util-linux"},
};

Done check_space(int nodes) {
  struct statvfs space{};
  if (auto made = make_folder(data_root()); !made) return made;
  const auto need = node_needs_bytes * static_cast<std::uintmax_t>(nodes);
  if (::statvfs(data_root().c_str(), &space) == 0 &&
      static_cast<std::uintmax_t>(space.f_bavail) * space.f_frsize < need) {
    return fail("cannot make the lab: " + data_root().string() + " has less than " +
                std::to_string(need >> 20U) + " MiB of free space; free some and try again");
  }
  return {};
}

Done write_manifest(const Names& names, const Shape& shape) {
  return write_file(names.manifest(), to_json(shape));
}

Done write_keys(const Names& names) {
  if (auto made = make_folder(names.keys(), 0700); !made) return made;
  auto authkey = random_bytes(authkey_bytes);
  auto community = random_bytes(community_bytes);
  if (!authkey || !community) return fail("cannot make the lab's keys: no randomness");
  if (auto done = write_file(names.keys() / "authkey", *authkey, 0400); !done) return done;
  return write_file(names.keys() / "strip.community", to_hex(*community), 0400);
}

Done copy_program(const Names& names, const fs::path& program) {
  std::error_code error;
  fs::create_directories(lab_program(names).parent_path(), error);
  fs::copy_file(program, lab_program(names), fs::copy_options::overwrite_existing, error);
  if (error) return fail("cannot copy " + program.string() + " into the lab: " + error.message());
  return {};
}

/// Whether KVM works does not change while the machine runs, and a probe that fails takes seconds.
Accelerator known_accelerator(const Names& names) {
  const auto cache = cache_root() / "accelerator";
  const std::string boot = read_file("/proc/sys/kernel/random/boot_id").value_or("");
  const std::string known = read_file(cache).value_or("");
  if (known == boot + "kvm\n") return Accelerator::kvm;
  if (known == boot + "tcg\n") return Accelerator::tcg;
  const Accelerator found = probe_accelerator(names.share());
  if (!interrupted()) {
    (void)write_file(cache, boot + (found == Accelerator::kvm ? "kvm\n" : "tcg\n"));
  }
  return found;
}

Done write_definitions(const Names& names, const Shape& shape) {
  for (int vm = 0; vm < shape.vms; ++vm) {
    const auto path = names.share() / "vms" / (vm_name(vm) + ".xml");
    if (auto done = write_file(path, domain_xml(shape, vm)); !done) return done;
  }
  return {};
}

/// Everything below the nodes.
Done lay_ground(const Names& names, Shape& shape, Progress& progress) {
  progress.begin("guests' kernel, accelerator");
  if (auto done = build_guest_root(names.share()); !done) return done;
  shape.accelerator = known_accelerator(names);
  shape.tsc_khz = trusted_tsc_khz(read_file("/proc/cpuinfo").value_or(""));
  if (auto done = write_definitions(names, shape); !done) return done;
  if (auto done = write_manifest(names, shape); !done) return done;
  progress.done(shape.accelerator == Accelerator::kvm ? "kvm"
                                                      : "tcg: kvm does not run guests here");

  progress.begin("network, disks, power strips");
  if (auto made = make_folder(names.consoles()); !made) return made;
  if (auto done = write_keys(names); !done) return done;
  if (auto done = build_network(names, shape); !done) return done;
  if (auto done = start_disks(names, shape); !done) return done;
  if (auto done = start_power_strips(names, shape); !done) return done;
  if (auto done = start_arbiter(names, shape); !done) return done;
  progress.done();
  return {};
}

/// The layers that all nodes share: the image and, over it, Upbeat.
Result<std::vector<fs::path>> build_layers(const Names& names, const UpOptions& options,
                                           Progress& progress) {
  progress.begin(node_image_is_cached() ? "image of a node" : "image of a node, built once");
  auto image = node_image();
  if (!image) return std::unexpected(image.error());
  progress.done();
  std::vector<fs::path> layers{*image};
  if (options.shape.software == Software::upbeat) {
    progress.begin("installing " + options.deb.filename().string());
    auto layer = install_package(names, *image, options.deb);
    if (!layer) return std::unexpected(layer.error());
    layers.insert(layers.begin(), *layer);
    progress.done();
  }
  return layers;
}

Done boot_nodes(const Names& names, const Shape& shape, const std::vector<fs::path>& layers,
                Progress& progress) {
  progress.begin("nodes boot");
  for (int node = 0; node < shape.nodes; ++node) {
    if (auto done = prepare_node(names, shape, node, layers); !done) return done;
    if (auto done = power_on(names, node_name(node)); !done) return done;
  }
  if (auto done = wait_for_nodes(names, shape, progress); !done) return done;
  progress.done(std::to_string(shape.nodes) + " running");
  return {};
}

Done build(const Names& names, const UpOptions& options, Progress& progress) {
  Shape shape = options.shape;
  if (auto done = check_space(shape.nodes); !done) return done;
  if (auto done = write_manifest(names, shape); !done) return done;
  if (auto done = copy_program(names, options.program); !done) return done;
  auto layers = build_layers(names, options, progress);
  if (!layers) return std::unexpected(layers.error());
  if (auto done = lay_ground(names, shape, progress); !done) return done;
  if (auto done = boot_nodes(names, shape, *layers, progress); !done) return done;
  if (auto done = wait_for_cluster(names, shape, progress); !done) return done;
  if (auto done = start_guests(names, shape, progress); !done) return done;
  shape.phase = Phase::up;
  return write_manifest(names, shape);
}

/// True if a lab that has come all the way up still has a process.
bool is_up(const Names& names) {
  auto manifest = read_file(names.manifest());
  const auto shape = manifest ? parse_shape(*manifest) : fail("");
  if (!shape || shape->phase != Phase::up) return false;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(names.records(), error)) {
    const auto record = read_record(entry.path());
    if (record && alive(*record)) return true;
  }
  return false;
}

}  // namespace

Done check_machine() {
  if (::geteuid() != 0) {
    return fail(
        "a lab needs root, since it makes network namespaces, mounts and containers; run "
        "this as root");
  }
  std::string missing;
  for (const auto& tool : tools) {
    if (::access(tool.program, X_OK) != 0) missing += std::string(" ") + tool.package;
  }
  if (!missing.empty()) return fail("a lab needs more packages: apt-get install" + missing);
  if (auto kernel = guest_kernel(); !kernel) return std::unexpected(kernel.error());
  return {};
}

Done bring_up(const Names& names, const UpOptions& wanted, Progress& progress) {
  if (is_up(names)) {
    return fail("the lab '" + names.lab() +
                "' is already up; 'upbeat lab status' shows it, "
                "'upbeat lab down' removes it");
  }
  UpOptions options = wanted;
  if (options.shape.software == Software::upbeat) {
    auto deb = find_package(options.deb, options.program);
    if (!deb) return std::unexpected(deb.error());
    options.deb = *deb;
  }
  if (anything_left(names)) {
    progress.begin("removing what a killed lab '" + names.lab() + "' left");
    if (auto done = take_down(names); !done) return done;
    progress.done();
  }
  auto done = build(names, options, progress);
  if (done && !interrupted()) return {};
  progress.abandon();
  const bool stopped = interrupted();
  clear_interrupt();
  if (auto down = take_down(names); !down) {
    return fail((done ? "stopped" : done.error().text) + "; and then: " + down.error().text);
  }
  if (stopped) return fail("stopped; everything made so far was removed");
  return done;
}

}  // namespace upbeat::lab
