package dev.banger.cli;

import org.aesh.command.CommandDefinition;

@CommandDefinition(
    name = "kernel",
    description = "Kernels for guests",
    generateHelp = true,
    groupCommands = {
      KernelList.class,
      KernelPull.class,
      KernelRegister.class,
      KernelDelete.class,
    })
final class KernelCommand extends GroupCommand {}
