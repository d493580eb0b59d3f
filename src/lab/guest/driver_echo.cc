// SPDX-License-Identifier: Apache-2.0
// The program is written in eBPF's own instructions (RFC 9669): a compiler for them would be one
// more package to install, for forty lines.
#include "lab/guest/driver_echo.h"

#include <linux/bpf.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace upbeat::guest {
namespace {

using Register = std::uint8_t;
constexpr Register result = BPF_REG_0;
constexpr Register context = BPF_REG_1;
constexpr Register packet = BPF_REG_2;
constexpr Register packet_end = BPF_REG_3;
constexpr Register one = BPF_REG_4;
constexpr Register other = BPF_REG_5;

// Where things are in an Ethernet frame with an IPv4 header without options (RFC 791).
constexpr std::int16_t to_mac = 0;
constexpr std::int16_t from_mac = 6;
constexpr std::int16_t ether_type = 12;
constexpr std::int16_t version_and_length = 14;
constexpr std::int16_t fragment = 20;
constexpr std::int16_t protocol = 23;
constexpr std::int16_t from_ip = 26;
constexpr std::int16_t to_ip = 30;
constexpr std::int16_t icmp_type_and_code = 34;
constexpr std::int16_t icmp_checksum = 36;
constexpr std::int32_t headers = 42;

// Two bytes of a packet as this processor loads them: the lower byte is the first.
constexpr std::int32_t ipv4_type = 0x0008;
constexpr std::int32_t echo_request = 0x0008;
constexpr std::int32_t fragment_bits = 0xff3f;  // more fragments, or an offset

constexpr bpf_insn instruction(unsigned code, Register to, Register from, std::int16_t offset,
                               std::int32_t value) {
  bpf_insn made{};
  made.code = static_cast<std::uint8_t>(code);
  made.dst_reg = to & 0x0fU;
  made.src_reg = from & 0x0fU;
  made.off = offset;
  made.imm = value;
  return made;
}
constexpr bpf_insn load(unsigned size, Register to, Register from, std::int16_t offset) {
  return instruction(BPF_LDX | BPF_MEM | size, to, from, offset, 0);
}
constexpr bpf_insn store(unsigned size, std::int16_t offset, Register from) {
  return instruction(BPF_STX | BPF_MEM | size, packet, from, offset, 0);
}
constexpr bpf_insn copy(Register to, Register from) {
  return instruction(BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0);
}
constexpr bpf_insn add(Register to, Register from) {
  return instruction(BPF_ALU64 | BPF_ADD | BPF_X, to, from, 0, 0);
}
constexpr bpf_insn with(unsigned operation, Register to, std::int32_t value) {
  return instruction(BPF_ALU64 | operation | BPF_K, to, 0, 0, value);
}
/// Jumps; linked() knows how far.
constexpr bpf_insn to_stack_if(unsigned condition, Register what, std::int32_t value) {
  return instruction(BPF_JMP | condition | BPF_K, what, 0, 0, value);
}
constexpr bpf_insn to_stack_if_beyond(Register what, Register limit) {
  return instruction(BPF_JMP | BPF_JGT | BPF_X, what, limit, 0, 0);
}
constexpr bpf_insn leave() { return instruction(BPF_JMP | BPF_EXIT, 0, 0, 0, 0); }

/// Lets all jumps end at the last two instructions, which hand the packet to the stack.
template <std::size_t Size>
constexpr std::array<bpf_insn, Size> linked(std::array<bpf_insn, Size> written) {
  for (std::size_t at = 0; at < Size; ++at) {
    const bool jump = (written[at].code & 0x07U) == BPF_JMP && written[at].code != leave().code;
    if (jump) written[at].off = static_cast<std::int16_t>(Size - 2 - (at + 1));
  }
  return written;
}

constexpr auto program = linked(std::array{
    // Unless the packet holds all the headers, it is for the stack.
    load(BPF_W, packet, context, offsetof(xdp_md, data)),
    load(BPF_W, packet_end, context, offsetof(xdp_md, data_end)),
    copy(one, packet),
    with(BPF_ADD, one, headers),
    to_stack_if_beyond(one, packet_end),
    // To this guest alone; IPv4, no options, whole, ICMP, echo request.
    load(BPF_B, one, packet, to_mac),
    to_stack_if(BPF_JSET, one, 1),
    load(BPF_H, one, packet, ether_type),
    to_stack_if(BPF_JNE, one, ipv4_type),
    load(BPF_B, one, packet, version_and_length),
    to_stack_if(BPF_JNE, one, 0x45),
    load(BPF_H, one, packet, fragment),
    to_stack_if(BPF_JSET, one, fragment_bits),
    load(BPF_B, one, packet, protocol),
    to_stack_if(BPF_JNE, one, 1),
    load(BPF_H, one, packet, icmp_type_and_code),
    to_stack_if(BPF_JNE, one, echo_request),
    // Back to where it came from.
    load(BPF_W, one, packet, to_mac),
    load(BPF_W, other, packet, from_mac),
    store(BPF_W, to_mac, other),
    store(BPF_W, from_mac, one),
    load(BPF_H, one, packet, to_mac + 4),
    load(BPF_H, other, packet, from_mac + 4),
    store(BPF_H, to_mac + 4, other),
    store(BPF_H, from_mac + 4, one),
    load(BPF_W, one, packet, from_ip),
    load(BPF_W, other, packet, to_ip),
    store(BPF_W, from_ip, other),
    store(BPF_W, to_ip, one),
    // A reply: its type is 0, and its checksum higher by what the type is lower (RFC 1624).
    with(BPF_MOV, one, 0),
    store(BPF_H, icmp_type_and_code, one),
    load(BPF_H, one, packet, icmp_checksum),
    with(BPF_ADD, one, echo_request),
    copy(other, one),
    with(BPF_RSH, other, 16),
    add(one, other),
    store(BPF_H, icmp_checksum, one),
    with(BPF_MOV, result, XDP_TX),
    leave(),
    with(BPF_MOV, result, XDP_PASS),
    leave(),
});

int bpf(bpf_cmd command, bpf_attr& attributes) {
  return static_cast<int>(::syscall(SYS_bpf, command, &attributes, sizeof attributes));
}

}  // namespace

bool start_driver_echo(const char* interface) {
  bpf_attr load_it{};
  load_it.prog_type = BPF_PROG_TYPE_XDP;
  load_it.insn_cnt = program.size();
  load_it.insns = reinterpret_cast<std::uint64_t>(program.data());
  load_it.license = reinterpret_cast<std::uint64_t>("Apache-2.0");
  const int loaded = bpf(BPF_PROG_LOAD, load_it);
  if (loaded < 0) return false;
  bpf_attr link{};
  link.link_create.prog_fd = static_cast<std::uint32_t>(loaded);
  link.link_create.target_ifindex = ::if_nametoindex(interface);
  link.link_create.attach_type = BPF_XDP;
  link.link_create.flags = XDP_FLAGS_DRV_MODE;
  const int attached = bpf(BPF_LINK_CREATE, link);  // stays open: the link lives as long as it does
  ::close(loaded);
  return attached >= 0;
}

}  // namespace upbeat::guest
