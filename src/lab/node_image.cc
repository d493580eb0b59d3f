// SPDX-License-Identifier: Apache-2.0
// mmdebstrap builds the image in a mount and process namespace of its own, so that killing it, or
// us, leaves neither mounts nor processes; only a finished image gets its final name.
#include "lab/node_image.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <functional>
#include <set>
#include <sstream>

#include "base/process.h"
#include "lab/detached.h"
#include "lab/names.h"
#include "lab/overlay.h"

namespace upbeat::lab {
namespace {

using namespace std::chrono_literals;

constexpr const char* suite = "bookworm";
constexpr int recipe_version = 2;
constexpr std::uintmax_t image_needs_bytes = 2ULL << 30U;
constexpr auto build_limit = 15min;

/// Units that have no use in a lab's node: each costs time when four nodes boot on two cores.
constexpr const char* masked_units[] = {
    // prepare_node() takes this mask away where there is an arbiter
    "corosync-qdevice.service",
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "dpkg-db-backup.timer",
    "e2scrub_all.timer",
    "e2scrub_reap.service",
    "fstrim.timer",
    "getty@tty1.service",
    "getty-static.service",
    "console-getty.service",
    "logrotate.timer",
    "systemd-pstore.service",
    "systemd-firstboot.service",
    "var-lib-machines.mount",
    "systemd-networkd.service",
    "systemd-resolved.service",
    "systemd-timesyncd.service",
    "systemd-modules-load.service",
    "kexec.service",
    "kexec-load.service",
};

std::filesystem::path image_path() { return cache_root() / ("node-" + image_key()); }
std::filesystem::path building_path() { return cache_root() / ("building-" + image_key()); }
std::filesystem::path build_lock() { return cache_root() / ("lock-" + image_key()); }

Result<std::vector<std::string>> mmdebstrap_command(const std::filesystem::path& target) {
  auto targets = run_checked({.argv = {"apt-get", "indextargets", "--format",
                                       "$(CREATED_BY)|$(REPO_URI)|$(RELEASE)|$(COMPONENT)"}});
  if (!targets) return std::unexpected(targets.error());
  std::string packages;
  for (const auto& package : node_packages()) packages += (packages.empty() ? "" : ",") + package;
  std::vector<std::string> argv{"unshare",
                                "--mount",
                                "--pid",
                                "--fork",
                                "--kill-child=SIGKILL",
                                "--mount-proc",
                                "mmdebstrap",
                                "--mode=root",
                                "--variant=minbase",
                                "--format=directory",
                                "--aptopt=APT::Install-Recommends \"false\"",
                                "--include=" + packages};
  auto proxies = run_checked({.argv = {"apt-config", "dump", "--format", "%f \"%v\"%n",
                                       "Acquire::http::Proxy", "Acquire::https::Proxy"}});
  std::istringstream lines(proxies.value_or(""));
  for (std::string line; std::getline(lines, line);) {
    if (!line.ends_with(" \"\"")) argv.push_back("--aptopt=" + line);
  }
  argv.insert(argv.end(), {suite, target.string()});
  for (auto& source : sources_for(suite, *targets)) argv.push_back(std::move(source));
  return argv;
}

/// Runs mmdebstrap to its end or until the user asks to stop.
Done debootstrap(const std::filesystem::path& target) {
  auto argv = mmdebstrap_command(target);
  if (!argv) return std::unexpected(argv.error());
  const auto log = cache_root() / ("log-" + image_key());
  ::unlink(log.c_str());
  auto build = start_detached({.argv = std::move(*argv),
                               .record = cache_root() / ("builder-" + image_key()),
                               .log = log,
                               .life = Life::with_starter});
  if (!build) return std::unexpected(build.error());
  const bool ended = wait_until([&] { return !alive(*build); }, build_limit);
  if (!ended) send_signal(*build, SIGKILL);
  int status = 0;
  ::waitpid(build->pid, &status, 0);
  ::unlink((cache_root() / ("builder-" + image_key())).c_str());
  if (ended && WIFEXITED(status) && WEXITSTATUS(status) == 0) {
    ::unlink(log.c_str());
    return {};
  }
  if (interrupted()) return fail("stopped while building the nodes' image; it was removed");
  return fail(
      "cannot build the nodes' image: are this machine's package sources reachable? "
      "mmdebstrap said: " +
      last_line(log));
}

Done trim(const std::filesystem::path& root) {
  std::error_code error;
  for (const char* unit : masked_units) {
    const auto link = root / "etc/systemd/system" / unit;
    std::filesystem::remove(link, error);
    std::filesystem::create_symlink("/dev/null", link, error);
    if (error) return fail("cannot mask " + std::string(unit) + ": " + error.message());
  }
  std::filesystem::remove_all(root / "etc/libvirt/qemu/networks", error);
  // A journal on disk survives a power cut, so that one can look at what led to it.
  if (auto made = make_folder(root / "var/log/journal", 02755); !made) return made;
  return make_folder(root / "var/log/corosync");
}

Done enough_space() {
  struct statvfs space{};
  if (::statvfs(cache_root().c_str(), &space) == 0 &&
      static_cast<std::uintmax_t>(space.f_bavail) * space.f_frsize < image_needs_bytes) {
    return fail("cannot build the nodes' image: " + cache_root().string() +
                " has less than 2 GiB of free space; free some and try again");
  }
  return {};
}

Result<std::filesystem::path> build() {
  if (auto space = enough_space(); !space) return std::unexpected(space.error());
  const auto target = building_path();
  if (auto removed = remove_folder(target); !removed) return std::unexpected(removed.error());
  auto done = debootstrap(target);
  if (done) done = trim(target);
  if (!done) {
    (void)remove_folder(target);  // the error at hand is the one to tell
    return std::unexpected(done.error());
  }
  std::error_code error;
  std::filesystem::rename(target, image_path(), error);
  if (error) return fail("cannot put the nodes' image into place: " + error.message());
  return image_path();
}

}  // namespace

const std::vector<std::string>& node_packages() {
  static const std::vector<std::string> packages{
      // a machine
      "systemd", "systemd-sysv", "dbus", "iproute2", "procps", "iputils-ping", "nftables",
      "python3", "python3-minimal",
      // what only a machine has use for: its power button, its next kernel, its own modules, and
      // commands that do not come over its network
      "udev", "kexec-tools", "kmod", "qemu-guest-agent",
      // a host of virtual machines in a cluster
      "corosync", "corosync-qdevice", "libvirt-daemon-system", "libvirt-clients", "fence-agents",
      "snmp",
      // a UPS of its dummy driver
      "nut-server",
      // what a disk says of itself
      "smartmontools",
      // docs/decisions/0001: with Debian 12's own QEMU an emulated guest stands still for 70-240 ms
      // when its migration begins
      "qemu-system-x86/bookworm-backports", "qemu-system-common/bookworm-backports",
      "qemu-system-data/bookworm-backports", "qemu-utils/bookworm-backports",
      "seabios/bookworm-backports",
      // what Upbeat is linked with
      "libboost-json1.81.0", "libboost-filesystem1.81.0", "libprotobuf-lite32", "libsqlite3-0",
      "libspdlog1.10-fmt9", "libfmt9", "libcpg4", "libquorum5", "libcmap4", "libcfg7", "libvirt0",
      "libssl3", "libsystemd0", "libpugixml1v5", "libprometheus-cpp-core1.0",
      "libprometheus-cpp-pull1.0"};
  return packages;
}

std::string image_key() {
  std::string recipe = std::string(suite) + "/" + std::to_string(recipe_version);
  for (const auto& package : node_packages()) recipe += " " + package;
  for (const char* unit : masked_units) recipe += std::string(" ") + unit;
  std::uint64_t hash = 0xcbf29ce484222325U;  // FNV-1a: the same in every build of this program
  for (const char c : recipe) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  std::ostringstream out;
  out << suite << "-" << std::hex << hash;
  return out.str();
}

std::vector<std::string> sources_for(const std::string& suite_name,
                                     const std::string& index_targets) {
  std::set<std::string> lines;
  std::istringstream in(index_targets);
  for (std::string line; std::getline(in, line);) {
    std::istringstream fields(line);
    std::string created_by;
    std::string uri;
    std::string release;
    std::string component;
    std::getline(fields, created_by, '|');
    std::getline(fields, uri, '|');
    std::getline(fields, release, '|');
    std::getline(fields, component, '|');
    const bool ours = release == suite_name || release == suite_name + "-updates" ||
                      release == suite_name + "-security";
    if (created_by != "Packages" || !ours || component != "main") continue;
    lines.insert("deb " + uri + " " + release + " " + component);
    if (release == suite_name) {
      lines.insert("deb " + uri + " " + suite_name + "-backports " + component);
    }
  }
  return {lines.begin(), lines.end()};
}

bool node_image_is_cached() { return std::filesystem::is_directory(image_path()); }

Result<std::filesystem::path> node_image() {
  if (node_image_is_cached()) return image_path();
  if (auto made = make_folder(cache_root()); !made) return std::unexpected(made.error());
  const Fd lock(::open(build_lock().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock.open()) {
    return fail("cannot open " + build_lock().string() + ": " + std::strerror(errno));
  }
  if (!wait_until([&] { return ::flock(lock.get(), LOCK_EX | LOCK_NB) == 0; }, build_limit)) {
    return fail("cannot build the nodes' image: somebody else has been building it for too long");
  }
  auto image = node_image_is_cached() ? Result<std::filesystem::path>(image_path()) : build();
  ::unlink(build_lock().c_str());
  return image;
}

void clean_image_cache() {
  std::error_code error;
  const Fd lock(::open(build_lock().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock.open() || ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) return;
  (void)remove_folder(building_path());
  for (const char* part : {"builder-", "log-"}) {
    std::filesystem::remove(cache_root() / (part + image_key()), error);
  }
  ::unlink(build_lock().c_str());
}

}  // namespace upbeat::lab
