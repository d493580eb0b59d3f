// SPDX-License-Identifier: Apache-2.0
// A node that is an emulated machine, for what a container has not: a kernel of its own, so that
// it can be changed by kexec; a power button; a watchdog; a disk with a health.
//
// It boots the image of the other nodes from a disk, with the kernel that the guests have. Its
// cables are taps, plugged into the gateway's bridges.
#pragma once

#include <boost/json.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "base/process.h"
#include "lab/files.h"
#include "lab/names.h"
#include "lab/process_record.h"
#include "lab/shape.h"

namespace upbeat::lab {

/// Which nodes are machines: those that have a disk.
[[nodiscard]] bool is_machine(const Names& names, const std::string& node);

/// Makes the disk of node `index` out of the node's root, with what a container is given from
/// outside: kernel, modules, the guests' files, a network.
[[nodiscard]] Done make_machine_disk(const Names& names, int index);

/// QEMU's argument list.
[[nodiscard]] std::vector<std::string> machine_command(const Names& names, const Shape& shape,
                                                       int index);
[[nodiscard]] std::string machine_kernel_arguments(const Shape& shape);

/// Says `command` to the emulator of a machine (QMP; qemu-qmp-ref(7)) and brings its answer back.
[[nodiscard]] Result<boost::json::value> command_machine(const Names& names,
                                                         const std::string& node,
                                                         const boost::json::object& command);
/// The machine's power button.
[[nodiscard]] Done press_power_button(const Names& names, const std::string& node);

/// Runs a program in the machine to its end, as root.
[[nodiscard]] Result<Finished> run_in_machine(const Names& names, const std::string& node,
                                              Command command);
/// True once systemd in the machine says that all is started.
[[nodiscard]] bool machine_booted(const Names& names, const std::string& node);

/// Runs the emulator until it ends: the machine was switched off. What the emulator tells meanwhile
/// (reset, shutdown; with seconds) is in logs/events-NODE.log.
[[nodiscard]] Done supervise_machine(const Names& names, const Shape& shape,
                                     const std::string& node);

}  // namespace upbeat::lab
