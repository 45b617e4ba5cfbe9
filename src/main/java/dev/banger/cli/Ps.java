package dev.banger.cli;

import org.aesh.command.CommandDefinition;

@CommandDefinition(name = "ps", description = "List VMs, as `vm ls`", generateHelp = true)
final class Ps extends VmList {}
