package dev.banger.cli;

import org.aesh.command.CommandDefinition;

@CommandDefinition(
    name = "vm",
    description = "Create, run and look after VMs",
    generateHelp = true,
    groupCommands = {
      VmCreate.class,
      VmRun.class,
      VmStart.class,
      VmStop.class,
      VmRestart.class,
      VmKill.class,
      VmDelete.class,
      VmList.class,
      VmShow.class,
      VmExec.class,
      VmSsh.class,
      VmSync.class,
      VmCopy.class,
      VmLogs.class,
      VmSet.class,
      VmPublish.class,
      VmUnpublish.class,
      VmPorts.class,
      VmStats.class,
      VmTop.class,
      VmPing.class,
      VmHealth.class,
      EventsCommand.class,
      VmConsole.class,
    })
final class VmCommand extends GroupCommand {}
