// SPDX-License-Identifier: Apache-2.0
// A guest of 512 bytes for tests: a boot sector for QEMU's "pc" machine. It fills memory, says so on
// its console, idles, and powers off when its power button is pressed. The bytes from 0x1f0 on are
// its settings.
//
// ACPI registers of that machine (PIIX4, base 0x600 as SeaBIOS sets it): PM1_STS 0x600 and PM1_EN
// 0x602, whose bit 8 is the power button; PM1_CNT 0x604, whose bit 13 powers off.

        .section .rodata
        .globl  tiny_guest_begin
        .globl  tiny_guest_end
        .code16
        .set    base, 0x7c00                    // where a BIOS loads a boot sector
tiny_guest_begin:
        cli
        xorw    %ax, %ax
        movw    %ax, %ds
        movw    %ax, %ss
        movw    $base, %sp
        inb     $0x92, %al                      // address line 20 on
        orb     $2, %al
        outb    %al, $0x92
        lgdtl   gdt_pointer - tiny_guest_begin + base
        movl    %cr0, %eax                      // through protected mode and back: %es spans 4 GiB
        orb     $1, %al
        movl    %eax, %cr0
        movw    $8, %bx
        movw    %bx, %es
        andb    $0xfe, %al
        movl    %eax, %cr0
        cmpb    $0, deaf - tiny_guest_begin + base
        jne     fill
        movw    $0x602, %dx                     // the button is heard only when it is enabled
        movw    $0x100, %ax
        outw    %ax, %dx
fill:
        movl    $0x100000, %edi
        movl    fill_end - tiny_guest_begin + base, %ecx
1:      cmpl    %ecx, %edi
        jae     idle
        incl    %ebp
        movl    %ebp, %es:(%edi)
        addl    $1024, %edi
        movb    toil - tiny_guest_begin + base, %bl
3:      testb   %bl, %bl                        // toils between two writes: throttled, it writes less
        jz      1b
        outb    %al, $0x80
        decb    %bl
        jmp     3b
idle:
        movw    $0x3f8, %dx                     // a byte on the console: it is up
        cmpb    $0, greeted - tiny_guest_begin + base
        jne     2f
        incb    greeted - tiny_guest_begin + base
        movb    $'!', %al
        outb    %al, %dx
2:
        movw    $0x600, %dx
        inw     %dx, %ax
        testb   $1, %ah
        jnz     power_off
        cmpb    $0, restless - tiny_guest_begin + base
        jne     fill
        decl    life_ticks - tiny_guest_begin + base
        jz      power_off
        sti
        hlt                                     // until the timer ticks, 18.2 times a second
        cli
        jmp     idle
power_off:
        movw    $0x604, %dx
        movw    $0x2000, %ax
        outw    %ax, %dx
        hlt

        .balign 8
gdt:    .quad   0
        .quad   0x00cf92000000ffff              // data, from 0 to 4 GiB
gdt_pointer:
        .word   15
        .long   gdt - tiny_guest_begin + base

        .org    tiny_guest_begin + 0x1f0
fill_end:       .long   0x100000
life_ticks:     .long   0                       // 0: for ever (it counts down from 2^32)
restless:       .byte   0                       // fills for ever
deaf:           .byte   0                       // does not hear its power button
toil:           .byte   0                       // between two writes
greeted:        .byte   0
        .org    tiny_guest_begin + 510
        .word   0xaa55
tiny_guest_end:
        .section .note.GNU-stack, "", @progbits
