package dev.banger.cli;

import org.aesh.command.CommandDefinition;

@CommandDefinition(
    name = "daemon",
    description = "The daemon; without another word: be it, in the foreground",
    generateHelp = true,
    groupCommands = {
      DaemonStart.class,
      DaemonStop.class,
      DaemonStatus.class,
      DaemonLogs.class,
    })
final class DaemonCommand extends GroupCommand {}
