// SPDX-License-Identifier: Apache-2.0
// The assembler includes the finished guest program; the build says where it is.
#include "lab/guest_program.h"

asm(R"(
  .section .rodata
  .global upbeat_guest_program_begin
  .global upbeat_guest_program_end
upbeat_guest_program_begin:
  .incbin ")" UPBEAT_GUEST_PROGRAM R"("
upbeat_guest_program_end:
  .byte 0
  .previous
)");

extern "C" {
extern const char upbeat_guest_program_begin[];
extern const char upbeat_guest_program_end[];
}

namespace upbeat::lab {

std::string guest_program() { return {upbeat_guest_program_begin, upbeat_guest_program_end}; }

}  // namespace upbeat::lab
