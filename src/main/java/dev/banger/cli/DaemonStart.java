package dev.banger.cli;

import dev.banger.model.BangerException;
import org.aesh.command.CommandDefinition;

@CommandDefinition(
    name = "start",
    description = "Start the daemon, unless it runs",
    generateHelp = true)
final class DaemonStart extends ClientCommand {
  @Override
  int run() throws BangerException, InterruptedException {
    try (Client client = connect()) {
      if (json) {
        printJson(client.hello());
      } else {
        System.out.println("the daemon runs, pid " + client.hello().pid());
      }
      return 0;
    }
  }
}
