// SPDX-License-Identifier: Apache-2.0
// A short-lived thread enters the namespace (setns(2) holds for a thread) and makes the socket.
#include "measure/namespaces.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <thread>

namespace upbeat::measure {
namespace {

Result<Fd> make_socket(int domain, int type, int protocol) {
  Fd made(::socket(domain, type | SOCK_CLOEXEC, protocol));
  if (made.open()) return made;
  return fail(std::string("cannot open a socket to probe with: ") + std::strerror(errno) +
              (errno == EPERM ? "; run this as root" : ""));
}

}  // namespace

Result<Fd> socket_in(const std::string& path, int domain, int type, int protocol) {
  if (path.empty()) return make_socket(domain, type, protocol);
  Result<Fd> made = fail("nothing was tried");
  std::thread([&] {
    const Fd there(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!there.open() || ::setns(there.get(), CLONE_NEWNET) != 0) {
      made = fail("cannot enter the network namespace " + path + ": " + std::strerror(errno) +
                  (errno == EPERM ? "; run this as root" : "; does it exist (ip netns)?"));
      return;
    }
    made = make_socket(domain, type, protocol);
  }).join();
  return made;
}

}  // namespace upbeat::measure
