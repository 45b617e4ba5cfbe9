package dev.banger.cli;

import java.util.List;
import org.aesh.command.CommandDefinition;

@CommandDefinition(
    name = RootCommand.NAME,
    description = "Real Linux machines for developers",
    generateHelp = true,
    groupCommands = {
      VmCommand.class,
      VmRun.class,
      Ps.class,
      EventsCommand.class,
      ImageCommand.class,
      NetworkCommand.class,
      CatalogCommand.class,
      KernelCommand.class,
      VmmCommand.class,
      DfCommand.class,
      SshConfig.class,
      SshProxy.class,
      DaemonCommand.class,
      DoctorCommand.class,
      Uninstall.class,
      VersionCommand.class,
      CompletionCommand.class,
    })
final class RootCommand extends GroupCommand {
  static final String NAME = "banger";

  /** The words that need another one behind them. */
  static final List<String> GROUPS =
      List.of("vm", "image", "network", "catalog", "kernel", "vmm", "daemon");
}
