// SPDX-License-Identifier: Apache-2.0
// One raw socket, one thread: send a turn's probes in one call, collect what has come in another.
// Answers may lie in the socket's buffer until the next turn; their time is the kernel's stamp.
#include "measure/prober.h"

#include <arpa/inet.h>
#include <linux/icmp.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <mutex>
#include <random>
#include <thread>

#include "measure/namespaces.h"
#include "measure/priority.h"

namespace upbeat::measure {
namespace {

using std::chrono::nanoseconds;

// More turns an interval would wake the machine more often; fewer would let more guests answer at
// the same moment. The guests of one turn are sent to in one system call.
constexpr nanoseconds shortest_turn{2'500'000};
constexpr std::size_t receive_batch = 32;
// Room made at the beginning, so that growing does not cost time while probing: ten minutes.
constexpr std::int64_t seconds_of_room = 600;
// A guest that does not answer ARP holds its probes in the kernel, charged to the sender: up to
// net.ipv4.neigh.default.unres_qlen_bytes each. They must not use up what the others need.
constexpr int send_buffer_bytes_per_target = 512 * 1024;
constexpr int receive_buffer_bytes = 1024 * 1024;

/// What a probe carries and its answer brings back.
struct Packet {
  icmphdr header{};
  std::uint64_t run = 0;  ///< tells this prober's probes from those of others
  std::uint32_t target = 0;
  std::uint32_t sequence = 0;
};
static_assert(sizeof(Packet) == 24);

std::uint16_t checksum(const Packet& packet) {  // RFC 1071
  std::array<std::uint16_t, sizeof(Packet) / 2> words{};
  std::memcpy(words.data(), &packet, sizeof packet);
  std::uint32_t sum = 0;
  for (const auto word : words) sum += word;
  while (sum >> 16U != 0) sum = (sum & 0xffffU) + (sum >> 16U);
  return static_cast<std::uint16_t>(~sum);
}

nanoseconds read_clock(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return std::chrono::seconds(now.tv_sec) + nanoseconds(now.tv_nsec);
}

/// The arguments of one sendmmsg(2), kept to be used again.
struct Batch {
  explicit Batch(std::size_t targets)
      : packets(targets), pieces(targets), messages(targets), whose(targets) {}
  std::vector<Packet> packets;
  std::vector<iovec> pieces;
  std::vector<mmsghdr> messages;
  std::vector<std::size_t> whose;
};

struct Aim {
  sockaddr_in address{};
  Series series;
  Instant last_answer = never;
};

Result<sockaddr_in> address_of(const Target& target) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  if (::inet_pton(AF_INET, target.address.c_str(), &address.sin_addr) != 1) {
    return fail("cannot probe " + target.name + ": '" + target.address +
                "' is no IPv4 address such as 10.0.0.1");
  }
  return address;
}

/// Asks for the buffers; root may exceed the machine's limits, others get what they get.
void size_buffers(int fd, std::size_t targets) {
  const int send = send_buffer_bytes_per_target * static_cast<int>(targets);
  const int receive = receive_buffer_bytes;
  if (::setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &send, sizeof send) != 0) {
    ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send, sizeof send);
  }
  if (::setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &receive, sizeof receive) != 0) {
    ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive, sizeof receive);
  }
}

Result<Fd> open_socket(const ProberOptions& options, std::size_t targets) {
  auto fd = socket_in(options.netns_path, AF_INET, SOCK_RAW | SOCK_NONBLOCK, IPPROTO_ICMP);
  if (!fd) return fd;
  icmp_filter only_answers{~(1U << ICMP_ECHOREPLY)};
  const int one = 1;
  if (::setsockopt(fd->get(), SOL_RAW, ICMP_FILTER, &only_answers, sizeof only_answers) != 0 ||
      ::setsockopt(fd->get(), SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof one) != 0) {
    return fail(std::string("cannot set up the socket to probe with: ") + std::strerror(errno));
  }
  size_buffers(fd->get(), targets);
  return fd;
}

}  // namespace

struct Prober::Work {
  std::vector<Target> targets;
  nanoseconds interval{0};
  Fd fd;
  std::uint64_t run = 0;
  std::atomic<bool> stopping{false};
  std::atomic<std::int64_t> cpu_ns{0};
  mutable InheritingMutex
      mutex;  // guards aims: held for a turn's bookkeeping, or for copying a series
  std::vector<Aim> aims;
  std::thread thread;

  void loop();
  void send_turn(std::size_t first, std::size_t step, Batch& batch);
  void collect();
  void take(const Packet& packet, nanoseconds wall_stamp, nanoseconds wall_ahead);
};

void Prober::Work::loop() {
  put_this_thread_first();
  const auto turns = std::clamp<std::size_t>(static_cast<std::size_t>(interval / shortest_turn), 1,
                                             targets.size());
  Batch batch(targets.size());
  const auto begin = read_clock(CLOCK_MONOTONIC);
  for (std::int64_t turn = 0; !stopping; ++turn) {
    auto due = begin + interval * turn / static_cast<std::int64_t>(turns);
    const auto now = read_clock(CLOCK_MONOTONIC);
    if (now > due + interval) {
      turn = (now - begin) * static_cast<std::int64_t>(turns) / interval + 1;
      due = begin + interval * turn / static_cast<std::int64_t>(turns);
    }
    const timespec until{.tv_sec = due / std::chrono::seconds(1),
                         .tv_nsec = (due % std::chrono::seconds(1)).count()};
    while (::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) == EINTR) {
    }
    const std::scoped_lock lock(mutex);
    send_turn(static_cast<std::size_t>(turn) % turns, turns, batch);
    collect();
    cpu_ns = read_clock(CLOCK_THREAD_CPUTIME_ID).count();
  }
}

void Prober::Work::send_turn(std::size_t first, std::size_t step, Batch& batch) {
  auto& [packets, pieces, messages, whose] = batch;
  unsigned count = 0;
  for (std::size_t at = first; at < aims.size(); at += step) {
    auto& aim = aims[at];
    if (aim.series.probes.size() >= probe_limit) continue;
    auto& packet = packets[count];
    packet = {};
    packet.header.type = ICMP_ECHO;
    packet.header.un.echo.id = htons(static_cast<std::uint16_t>(run));
    packet.run = run;
    packet.target = static_cast<std::uint32_t>(at);
    packet.sequence = static_cast<std::uint32_t>(aim.series.probes.size());
    packet.header.un.echo.sequence = htons(static_cast<std::uint16_t>(packet.sequence));
    packet.header.checksum = checksum(packet);
    pieces[count] = {&packet, sizeof packet};
    messages[count] = {};
    messages[count].msg_hdr.msg_name = &aim.address;
    messages[count].msg_hdr.msg_namelen = sizeof aim.address;
    messages[count].msg_hdr.msg_iov = &pieces[count];
    messages[count].msg_hdr.msg_iovlen = 1;
    whose[count++] = at;
  }
  for (unsigned done = 0; done < count;) {
    const Instant now{read_clock(CLOCK_MONOTONIC)};
    const int sent = ::sendmmsg(fd.get(), &messages[done], count - done, MSG_DONTWAIT);
    for (int i = 0; i < sent; ++i) aims[whose[done++]].series.probes.push_back({now});
    if (sent <= 0) ++aims[whose[done++]].series.unsendable;
  }
}

void Prober::Work::take(const Packet& packet, nanoseconds wall_stamp, nanoseconds wall_ahead) {
  if (packet.run != run || packet.target >= aims.size()) return;
  auto& aim = aims[packet.target];
  if (packet.sequence >= aim.series.probes.size()) return;
  auto& probe = aim.series.probes[packet.sequence];
  const Instant at = std::max(Instant(wall_stamp - wall_ahead), probe.sent);
  if (probe.answered != never) {
    if (aim.series.duplicates.size() < probe_limit) aim.series.duplicates.push_back(at);
    return;
  }
  probe.answered = at;
  if (aim.last_answer == never || at > aim.last_answer) aim.last_answer = at;
}

void Prober::Work::collect() {
  struct Slot {
    std::array<std::byte, 128> data;
    alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(timespec))> control;
  };
  static_assert(sizeof(Packet) + 60 <= sizeof(Slot::data), "an IP header has up to 60 bytes");
  std::array<Slot, receive_batch> slots;
  std::array<iovec, receive_batch> pieces{};
  std::array<mmsghdr, receive_batch> messages{};
  int got = 0;
  do {
    for (std::size_t i = 0; i < receive_batch; ++i) {
      pieces[i] = {slots[i].data.data(), slots[i].data.size()};
      messages[i].msg_hdr = {};
      messages[i].msg_hdr.msg_iov = &pieces[i];
      messages[i].msg_hdr.msg_iovlen = 1;
      messages[i].msg_hdr.msg_control = slots[i].control.data();
      messages[i].msg_hdr.msg_controllen = slots[i].control.size();
    }
    got = ::recvmmsg(fd.get(), messages.data(), receive_batch, MSG_DONTWAIT, nullptr);
    // The kernel stamps by the wall clock; its distance to ours is read anew for each batch, so
    // that setting the clock spoils one turn at most.
    const auto wall_ahead = read_clock(CLOCK_REALTIME) - read_clock(CLOCK_MONOTONIC);
    for (int i = 0; i < got; ++i) {
      const auto& slot = slots[static_cast<std::size_t>(i)];
      auto& message = messages[static_cast<std::size_t>(i)];
      const auto ip_bytes = (std::to_integer<std::size_t>(slot.data[0]) & 0xfU) * 4;
      Packet packet;
      if (message.msg_len < ip_bytes + sizeof packet) continue;
      std::memcpy(&packet, slot.data.data() + ip_bytes, sizeof packet);
      const auto* stamped = CMSG_FIRSTHDR(&message.msg_hdr);
      if (stamped == nullptr || stamped->cmsg_type != SCM_TIMESTAMPNS) continue;
      timespec stamp{};
      std::memcpy(&stamp, CMSG_DATA(stamped), sizeof stamp);
      take(packet, std::chrono::seconds(stamp.tv_sec) + nanoseconds(stamp.tv_nsec), wall_ahead);
    }
  } while (got == static_cast<int>(receive_batch));
}

Prober::Prober(std::unique_ptr<Work> work) : work_(std::move(work)) {
  work_->thread = std::thread([this] { work_->loop(); });
}

Prober::~Prober() { stop(); }

void Prober::stop() {
  work_->stopping = true;
  if (work_->thread.joinable()) work_->thread.join();
}

Result<std::unique_ptr<Prober>> Prober::start(std::vector<Target> targets,
                                              const ProberOptions& options) {
  if (targets.empty() || targets.size() > target_limit) {
    return fail("cannot probe " + std::to_string(targets.size()) + " targets: give 1 to " +
                std::to_string(target_limit));
  }
  if (options.rate_per_s < 1 || options.rate_per_s > probe_rate_limit_per_s) {
    return fail("cannot probe " + std::to_string(options.rate_per_s) +
                " times a second: give a rate from 1 to " + std::to_string(probe_rate_limit_per_s));
  }
  auto work = std::make_unique<Work>();
  for (const auto& target : targets) {
    auto address = address_of(target);
    if (!address) return std::unexpected(address.error());
    work->aims.push_back({.address = *address});
  }
  auto fd = open_socket(options, targets.size());
  if (!fd) return std::unexpected(fd.error());
  std::random_device chance;
  work->run = (static_cast<std::uint64_t>(chance()) << 32U) | chance();
  work->fd = std::move(*fd);
  work->interval = nanoseconds(std::chrono::seconds(1)) / options.rate_per_s;
  for (auto& aim : work->aims) {
    aim.series.probes.reserve(static_cast<std::size_t>(seconds_of_room * options.rate_per_s));
  }
  work->targets = std::move(targets);
  return std::unique_ptr<Prober>(new Prober(std::move(work)));
}

const std::vector<Target>& Prober::targets() const { return work_->targets; }

Series Prober::series(std::size_t target, Instant from) const {
  const std::scoped_lock lock(work_->mutex);
  const auto& all = work_->aims.at(target).series;
  Series copy{.duplicates = all.duplicates, .unsendable = all.unsendable};
  copy.probes.assign(std::ranges::lower_bound(all.probes, from, {}, &Probe::sent),
                     all.probes.end());
  return copy;
}

std::optional<Instant> Prober::last_answer(std::size_t target) const {
  const std::scoped_lock lock(work_->mutex);
  const auto at = work_->aims.at(target).last_answer;
  return at == never ? std::nullopt : std::optional(at);
}

nanoseconds Prober::cpu_time() const { return nanoseconds(work_->cpu_ns); }

}  // namespace upbeat::measure
