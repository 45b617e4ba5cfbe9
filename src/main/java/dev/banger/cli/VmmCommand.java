package dev.banger.cli;

import org.aesh.command.CommandDefinition;

@CommandDefinition(
    name = "vmm",
    description = "What runs VMs: releases of Firecracker",
    generateHelp = true,
    groupCommands = {VmmList.class, VmmPull.class})
final class VmmCommand extends GroupCommand {}
