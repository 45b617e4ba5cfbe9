package dev.banger.cli;

import dev.banger.api.DaemonApi;
import dev.banger.model.Version;
import org.aesh.command.CommandDefinition;

@CommandDefinition(name = "version", description = "Print the version", generateHelp = true)
final class VersionCommand extends ClientCommand {
  @Override
  int run() {
    if (json) {
      printJson(new DaemonApi.Hello(Version.TEXT, ProcessHandle.current().pid()));
    } else {
      System.out.println("banger " + Version.TEXT);
    }
    return 0;
  }
}
