package dev.banger.cli;

import org.aesh.command.CommandDefinition;

@CommandDefinition(
    name = "network",
    description = "Look at VMs' networks",
    generateHelp = true,
    groupCommands = {NetworkList.class, NetworkEgress.class, NetworkTest.class})
final class NetworkCommand extends GroupCommand {}
