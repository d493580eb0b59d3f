// SPDX-License-Identifier: Apache-2.0
// The messages of FUSE for a file system that is one file (Linux, Documentation/filesystems/fuse;
// fuse(4)).
#include "lab/watchdog_file.h"

#include <fcntl.h>
#include <linux/fuse.h>
#include <linux/watchdog.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>

#include "lab/files.h"
#include "lab/overlay.h"

namespace upbeat::lab {
namespace {

constexpr std::size_t request_limit_bytes = 16U << 10U;
constexpr std::uint32_t write_limit_bytes = 4096;
constexpr std::uint64_t attributes_hold_s = 3600;
constexpr std::uint32_t owner_only = S_IFREG | 0600;

template <class T>
std::string_view view_of(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

/// The message at the beginning of `bytes`; zeros where they end early.
template <class T>
T read_as(std::string_view bytes) {
  T value{};
  std::memcpy(&value, bytes.data(), std::min(sizeof value, bytes.size()));
  return value;
}

fuse_init_out greeting(const fuse_init_in& in) {
  fuse_init_out out{};
  out.major = FUSE_KERNEL_VERSION;
  out.minor = std::min<std::uint32_t>(in.minor, FUSE_KERNEL_MINOR_VERSION);
  out.max_readahead = in.max_readahead;
  out.max_write = write_limit_bytes;
  return out;
}

fuse_attr_out attributes() {
  fuse_attr_out out{};
  out.attr_valid = attributes_hold_s;
  out.attr.ino = FUSE_ROOT_ID;
  out.attr.mode = owner_only;
  out.attr.nlink = 1;
  return out;
}

/// WDIOC_SETOPTIONS is declared as a command that only returns something, so the kernel does not
/// pass its number on: it is read where the caller has it.
std::optional<int> number_of_caller(pid_t pid, std::uint64_t address) {
  int value = 0;
  iovec here{&value, sizeof value};
  iovec there{std::bit_cast<void*>(address), sizeof value};
  if (::process_vm_readv(pid, &here, 1, &there, 1, 0) != sizeof value) return std::nullopt;
  return value;
}

}  // namespace

struct WatchdogFile::Request {
  fuse_in_header head{};
  std::string_view body;
};

WatchdogDevice::Time monotonic_time() {
  return std::chrono::duration_cast<WatchdogDevice::Time>(
      std::chrono::steady_clock::now().time_since_epoch());
}

Result<std::unique_ptr<WatchdogFile>> WatchdogFile::mount(const std::filesystem::path& path,
                                                          Clock now) {
  if (auto done = unmount_below(path); !done) return std::unexpected(done.error());
  if (auto done = write_file(path, "", 0600); !done) return std::unexpected(done.error());
  Fd fuse(::open("/dev/fuse", O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!fuse.open()) {
    return fail(std::string("cannot make a watchdog for a node: cannot open /dev/fuse: ") +
                std::strerror(errno) + "; its kernel module is called fuse");
  }
  const std::string options =
      "fd=" + std::to_string(fuse.get()) + ",rootmode=100000,user_id=0,group_id=0";
  if (::mount("upbeat-lab", path.c_str(), "fuse.watchdog", MS_NOSUID | MS_NODEV | MS_NOEXEC,
              options.c_str()) != 0) {
    return fail("cannot make a watchdog for a node: cannot mount " + path.string() + ": " +
                std::strerror(errno));
  }
  return std::unique_ptr<WatchdogFile>(new WatchdogFile(std::move(fuse), path, std::move(now)));
}

WatchdogFile::~WatchdogFile() {
  fuse_.reset();  // first: an unmount that asked the file something would wait for us
  (void)unmount_below(path_);
}

void WatchdogFile::serve() {
  std::array<char, request_limit_bytes> buffer{};
  while (fuse_.open()) {
    const ssize_t got = ::read(fuse_.get(), buffer.data(), buffer.size());
    if (got < 0 && (errno == EINTR || errno == ENOENT)) continue;  // ENOENT: it was called off
    if (got < 0 && errno == EAGAIN) return;
    if (got < static_cast<ssize_t>(sizeof(fuse_in_header))) return fuse_.reset();
    const std::string_view all(buffer.data(), static_cast<std::size_t>(got));
    answer({read_as<fuse_in_header>(all), all.substr(sizeof(fuse_in_header))});
  }
}

void WatchdogFile::answer(const Request& request) {
  switch (request.head.opcode) {
    case FUSE_INIT:
      reply(request, 0, view_of(greeting(read_as<fuse_init_in>(request.body))));
      break;
    case FUSE_GETATTR:
    case FUSE_SETATTR:  // a shell that redirects into it makes it empty first
      reply(request, 0, view_of(attributes()));
      break;
    case FUSE_OPEN:
      open(request);
      break;
    case FUSE_WRITE:
      write(request);
      break;
    case FUSE_IOCTL:
      ioctl(request);
      break;
    case FUSE_RELEASE:
      device_.close(now_());
      reply(request, 0);
      break;
    case FUSE_STATFS:
      reply(request, 0, view_of(fuse_statfs_out{}));
      break;
    case FUSE_FORGET:
    case FUSE_BATCH_FORGET:
    case FUSE_INTERRUPT:  // nothing here takes so long that it could be interrupted
      break;
    default:
      reply(request, ENOSYS);
  }
}

void WatchdogFile::open(const Request& request) {
  if (const int error = device_.open(now_()); error != 0) {
    reply(request, error);
    return;
  }
  fuse_open_out out{};
  out.open_flags = FOPEN_DIRECT_IO | FOPEN_NONSEEKABLE;
  // Who was killed while it opened the file will not close it.
  if (!reply(request, 0, view_of(out))) device_.close(now_());
}

void WatchdogFile::write(const Request& request) {
  const auto in = read_as<fuse_write_in>(request.body);
  const auto bytes = request.body.substr(std::min(sizeof in, request.body.size()));
  device_.write(bytes.substr(0, in.size), now_());
  fuse_write_out out{};
  out.size = in.size;
  reply(request, 0, view_of(out));
}

void WatchdogFile::ioctl(const Request& request) {
  const auto in = read_as<fuse_ioctl_in>(request.body);
  std::optional<int> value;
  if (in.in_size == sizeof(int)) {
    value = read_as<int>(request.body.substr(std::min(sizeof in, request.body.size())));
  } else if (in.cmd == WDIOC_SETOPTIONS) {
    value = number_of_caller(static_cast<pid_t>(request.head.pid), in.arg);
  }
  const auto done = device_.ioctl(in.cmd, value, now_());
  if (done.error != 0) {
    reply(request, done.error);
    return;
  }
  const std::size_t room = std::min<std::size_t>(done.out.size(), in.out_size);
  reply(request, 0, view_of(fuse_ioctl_out{}), std::string_view(done.out).substr(0, room));
}

bool WatchdogFile::reply(const Request& to, int error, std::string_view bytes,
                         std::string_view more) {
  fuse_out_header head{};
  head.len = static_cast<std::uint32_t>(sizeof head + bytes.size() + more.size());
  head.error = -error;
  head.unique = to.head.unique;
  std::array<iovec, 3> parts{{{&head, sizeof head},
                              {const_cast<char*>(bytes.data()), bytes.size()},
                              {const_cast<char*>(more.data()), more.size()}}};
  return ::writev(fuse_.get(), parts.data(), static_cast<int>(parts.size())) >= 0;
}

}  // namespace upbeat::lab
