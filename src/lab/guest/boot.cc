// SPDX-License-Identifier: Apache-2.0
// The guest's first steps, by system calls alone: each program started costs an emulated processor
// some 20 ms, and the guest has to answer soon.
#include "lab/guest/boot.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <net/route.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "lab/guest/driver_echo.h"

namespace upbeat::guest {
namespace {

constexpr const char* gateway_address = "10.9.0.254";

void report(const char* what) { std::printf("guestd: %s: %s\n", what, std::strerror(errno)); }

std::string file_text(const char* path) {
  std::string text;
  if (std::FILE* file = std::fopen(path, "re")) {
    char buffer[4096];
    for (std::size_t got = 0; (got = std::fread(buffer, 1, sizeof buffer, file)) > 0;) {
      text.append(buffer, got);
    }
    std::fclose(file);
  }
  return text;
}

void load_modules() {
  const std::string order = file_text("/lib/modules.order");
  for (std::size_t at = 0; at < order.size();) {
    const std::size_t end = order.find('\n', at);
    const std::string path = "/lib/" + order.substr(at, end - at);
    at = end == std::string::npos ? order.size() : end + 1;
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0 || (::syscall(SYS_finit_module, fd, "", 0) != 0 && errno != EEXIST)) {
      report(path.c_str());
    }
    if (fd >= 0) ::close(fd);
  }
}

sockaddr internet(const char* address) {
  sockaddr_in in{};
  in.sin_family = AF_INET;
  ::inet_pton(AF_INET, address, &in.sin_addr);
  sockaddr out{};
  std::memcpy(&out, &in, sizeof in);
  return out;
}

void raise_link(int fd, const char* name, const char* address) {
  ifreq request{};
  std::strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  if (address != nullptr) {
    request.ifr_addr = internet(address);
    if (::ioctl(fd, SIOCSIFADDR, &request) != 0) report("cannot set the address");
    request.ifr_netmask = internet("255.255.255.0");
    if (::ioctl(fd, SIOCSIFNETMASK, &request) != 0) report("cannot set the mask");
  }
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  if (::ioctl(fd, SIOCSIFFLAGS, &request) != 0) report("cannot raise the link");
}

void spawn(const char* const* argv, const char* terminal) {
  if (::fork() != 0) return;
  ::setsid();
  if (terminal != nullptr) {
    const int fd = ::open(terminal, O_RDWR);
    ::ioctl(fd, TIOCSCTTY, 1);
    for (int to = 0; to < 3; ++to) ::dup2(fd, to);
  }
  ::execv(argv[0], const_cast<char* const*>(argv));
  ::_exit(127);
}

}  // namespace

void bring_up() {
  ::mount("proc", "/proc", "proc", 0, nullptr);
  ::mount("sys", "/sys", "sysfs", 0, nullptr);
  ::mount("dev", "/dev", "devtmpfs", 0, nullptr);
  load_modules();
  const std::string address = kernel_argument("upbeat.ip");
  if (address.empty()) return;
  ::sethostname(kernel_argument("upbeat.vm").c_str(), kernel_argument("upbeat.vm").size());
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  raise_link(fd, "lo", "127.0.0.1");
  raise_link(fd, "eth0", address.c_str());
  if (kernel_argument("upbeat.echo") == "driver" && !start_driver_echo("eth0"))
    report("cannot answer probes in the driver");
  rtentry route{};
  route.rt_dst = internet("0.0.0.0");
  route.rt_genmask = internet("0.0.0.0");
  route.rt_gateway = internet(gateway_address);
  route.rt_flags = RTF_UP | RTF_GATEWAY;
  if (::ioctl(fd, SIOCADDRT, &route) != 0) report("cannot set the route");
  ::close(fd);
}

std::string kernel_argument(const std::string& key) {
  const std::string line = " " + file_text("/proc/cmdline");
  const std::size_t at = line.find(" " + key + "=");
  if (at == std::string::npos) return "";
  const std::size_t from = at + key.size() + 2;
  return line.substr(from, line.find_first_of(" \n", from) - from);
}

void start_helpers() {
  ::mkdir("/www", 0755);
  if (std::FILE* page = std::fopen("/www/index.html", "we")) {
    std::fprintf(page, "%s\n", kernel_argument("upbeat.vm").c_str());
    std::fclose(page);
  }
  const char* const web[] = {"/bin/busybox", "httpd", "-f", "-p", "80", "-h", "/www", nullptr};
  const char* const shell[] = {"/bin/busybox", "sh", nullptr};
  spawn(web, nullptr);
  spawn(shell, "/dev/ttyS0");
}

void power_cycle() {
  ::sync();
  ::reboot(RB_AUTOBOOT);
  ::_exit(0);
}

}  // namespace upbeat::guest
