// SPDX-License-Identifier: Apache-2.0
// Two hosts with a real libvirtd each on this machine, for tests.
#include "hypervisor/test/real_hosts.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <fstream>
#include <memory>
#include <stdexcept>

#include "base/process.h"

// tiny_guest.S
extern "C" const char tiny_guest_begin[];
extern "C" const char tiny_guest_end[];

namespace upbeat::test {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t settings_offset = 0x1f0;

/// Process 1 of a host: makes its folders its own, says so, and reaps orphans for ever after.
constexpr const char* init_script = R"sh(
set -e
folder=$1 name=$2
mount --make-rprivate /
hostname "$name"
mkdir -p "$folder"/{run/lock,etc/qemu,lib,cache,log}
cat > "$folder/etc/libvirtd.conf" <<END
listen_tls = 0
listen_tcp = 1
auth_tcp = "none"
auth_unix_rw = "none"
auth_unix_ro = "none"
host_uuid = "$(cat /proc/sys/kernel/random/uuid)"
END
cat > "$folder/etc/qemu.conf" <<END
security_driver = "none"
user = "root"
group = "root"
dynamic_ownership = 0
cgroup_controllers = []
namespaces = []
stdio_handler = "file"
END
printf '127.0.0.1 localhost\n10.9.8.1 nodeA\n10.9.8.2 nodeB\n' > "$folder/hosts"
mkdir -p /etc/libvirt /var/{lib,cache,log}/libvirt
# libvirtd wants them before it reads as whom to run QEMU; package libvirt-daemon-system makes them.
for kind in passwd group; do
  cp "/etc/$kind" "$folder/$kind"
  grep -q ^libvirt-qemu: "$folder/$kind" && continue
  case $kind in
    passwd) echo libvirt-qemu:x:64055:64055::/var/lib/libvirt:/bin/false ;;
    group) echo libvirt-qemu:x:64055: ;;
  esac >> "$folder/$kind"
  mount --bind "$folder/$kind" "/etc/$kind"
done
mount --bind "$folder/etc" /etc/libvirt
mount --bind "$folder/lib" /var/lib/libvirt
mount --bind "$folder/cache" /var/cache/libvirt
mount --bind "$folder/log" /var/log/libvirt
mount --bind "$folder/hosts" /etc/hosts
mount --bind "$folder/run" /run
ip link set lo up
echo ready
exec > /dev/null
sleep infinity & wait
)sh";

std::string must(const Result<std::string>& result) {
  if (!result) throw std::runtime_error(result.error().text);
  return *result;
}

std::string must_run(std::vector<std::string> argv) {
  return must(run_checked({.argv = std::move(argv), .timeout = std::chrono::seconds(20)}));
}

/// Starts a program that dies with this one; its standard output is `out`.
pid_t start_bound(const std::vector<std::string>& argv, int out) {
  std::vector<char*> words;
  for (const auto& word : argv) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child != 0) return child;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);
  ::dup2(out, STDOUT_FILENO);
  ::execvp(words[0], words.data());
  ::_exit(127);
}

/// Folders that a killed test has left behind.
void remove_orphans(const fs::path& where, const std::string& prefix) {
  for (const auto& entry : fs::directory_iterator(where)) {
    const std::string name = entry.path().filename();
    if (!name.starts_with(prefix)) continue;
    std::error_code ignored;
    if (!fs::exists("/proc/" + name.substr(prefix.size()))) fs::remove_all(entry.path(), ignored);
  }
}

void write_file(const fs::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

}  // namespace

RealHost::RealHost(std::string name, fs::path folder)
    : name_(std::move(name)), folder_(std::move(folder)) {
  fs::create_directories(folder_);
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  const Fd read_end(ends[0]);
  Fd write_end(ends[1]);
  holder_ = start_bound({"unshare", "-m", "-n", "-u", "-p", "--fork", "--kill-child=SIGKILL",
                         "--mount-proc", "bash", "-c", init_script, "init", folder_, name_},
                        write_end.get());
  write_end.reset();
  std::array<char, 16> word{};
  if (::read(read_end.get(), word.data(), word.size()) <= 0) {
    throw std::runtime_error("the host " + name_ + " cannot be made; are you root?");
  }
  const std::string holder = std::to_string(holder_);
  std::ifstream("/proc/" + holder + "/task/" + holder + "/children") >> init_;
  if (init_ == 0) throw std::runtime_error("the host " + name_ + " has no first process");
}

RealHost::~RealHost() {
  ::kill(holder_, SIGKILL);
  ::waitpid(holder_, nullptr, 0);
}

std::string RealHost::uri() const {
  return "qemu:///system?socket=" + (folder_ / "run/libvirt/libvirt-sock").string();
}

std::string RealHost::run(const std::string& line) {
  return must_run(
      {"nsenter", "-t", std::to_string(init_), "-m", "-n", "-u", "-p", "bash", "-c", line});
}

void RealHost::start_libvirtd() {
  run("{ p=$(cat /run/libvirtd.pid) && kill -CONT $p; } 2>&- || libvirtd -d --listen");
}
void RealHost::stop_libvirtd() {
  run("p=$(cat /run/libvirtd.pid); kill -CONT $p; kill $p; tail --pid=$p -s 0.02 -f /dev/null");
}
void RealHost::freeze_libvirtd() { run("kill -STOP $(cat /run/libvirtd.pid)"); }
std::string RealHost::tell_of_libvirtd() {
  return run(
      "p=$(cat /run/libvirtd.pid); grep State /proc/$p/status || echo there is no process \"$p\"; "
      "for t in /proc/$p/task/*; do echo \"$(cat $t/comm) $(cat $t/wchan)\"; done; "
      "grep -v ethtool /var/log/libvirt/libvirtd.log | tail -n 12");
}
void RealHost::kill_qemu(const std::string& vm) {
  run("kill -KILL $(cat /run/libvirt/qemu/" + vm + ".pid)");
}

RealHosts::RealHosts() {
  const std::string prefix = "upbeat-hypervisor-test-";
  remove_orphans(fs::temp_directory_path(), prefix);
  folder_ = fs::temp_directory_path() / (prefix + std::to_string(::getpid()));
  fs::remove_all(folder_);
  hosts_.push_back(std::make_unique<RealHost>("nodeA", folder_ / "a"));
  hosts_.push_back(std::make_unique<RealHost>("nodeB", folder_ / "b"));
  must_run({"ip", "link", "add", "up0", "netns", std::to_string(host(0).init()), "type", "veth",
            "peer", "name", "up0", "netns", std::to_string(host(1).init())});
  host(0).run("ip addr add 10.9.8.1/24 dev up0; ip link set up0 up");
  host(1).run("ip addr add 10.9.8.2/24 dev up0; ip link set up0 up");
  for (const auto& host : hosts_) host->start_libvirtd();
}

RealHosts::~RealHosts() {
  hosts_.clear();
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

bool RealHosts::booted(const std::string& vm) const {
  std::error_code missing;
  const auto size = fs::file_size(folder_ / (vm + ".console"), missing);
  return !missing && size > 0;
}

std::string RealHosts::domain_xml(const std::string& vm, const std::string& uuid,
                                  const TinyGuest& guest) {
  std::string image(tiny_guest_begin, tiny_guest_end);
  const std::uint32_t fill_end = (1 + guest.fill_mib) << 20U;
  const std::array<std::uint8_t, 3> flags{static_cast<std::uint8_t>(guest.mood),
                                          static_cast<std::uint8_t>(guest.ear), guest.toil};
  std::memcpy(image.data() + settings_offset, &fill_end, sizeof fill_end);
  std::memcpy(image.data() + settings_offset + 4, &guest.life_ticks, sizeof guest.life_ticks);
  std::memcpy(image.data() + settings_offset + 8, flags.data(), flags.size());
  const fs::path path = folder_ / (vm + ".img");
  write_file(path, image);
  // Without that capability libvirt reads the guest's CPU with two questions instead of some 400,
  // which is half of the time of a start and of a migration.
  return "<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>"
         "<name>" +
         vm + "</name><uuid>" + uuid + "</uuid>" + R"(
  <memory unit='MiB'>32</memory><vcpu>1</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type><boot dev='fd'/></os>
  <features><acpi/></features>
  <devices>
    <disk type='file' device='floppy'><driver name='qemu' type='raw'/>
      <source file=')" +
         path.string() + R"('/><target dev='fda'/><readonly/></disk>
    <serial type='file'><source path=')" +
         (folder_ / (vm + ".console")).string() + R"('/></serial>
    <controller type='usb' model='none'/><memballoon model='none'/>
  </devices>
  <qemu:capabilities><qemu:del capability='cpu-unavailable-features'/></qemu:capabilities>
</domain>)";
}

}  // namespace upbeat::test
