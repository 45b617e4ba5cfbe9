package dev.banger.cli;

import dev.banger.api.DaemonApi;
import dev.banger.model.BangerException;
import java.util.stream.Collectors;
import org.aesh.command.CommandDefinition;
import org.jspecify.annotations.Nullable;

@CommandDefinition(
    name = "status",
    description = "Tell whether the daemon runs; exit status 1 when not",
    generateHelp = true)
final class DaemonStatus extends ClientCommand {
  @Override
  int run() throws BangerException {
    try (Client client = Client.connectIfRunning(directories())) {
      if (client == null) {
        System.out.println(json ? "{\"running\":false}" : "no daemon runs");
        return Cli.FAILED;
      }
      DaemonApi.Status status = client.call(DaemonApi.STATUS, new DaemonApi.Nothing());
      if (json) {
        printJson(status);
      } else {
        System.out.print(text(status));
      }
      return 0;
    }
  }

  private static String text(DaemonApi.Status status) {
    @Nullable String accelerator = status.accelerator();
    return "version      "
        + status.version()
        + "\nprocess      "
        + status.pid()
        + "\nup           "
        + Human.age(status.uptimeMillis(), 0)
        + "\ndata         "
        + status.dataDir()
        + "\nsocket       "
        + status.socket()
        + "\nVMs          "
        + status.vmsRunning()
        + " of "
        + status.vmsTotal()
        + " run"
        + (accelerator == null ? "" : "\naccelerator  " + accelerator)
        + "\n"
        + (status.recovered() ? "" : "what an earlier daemon left is being removed\n")
        + status.leftovers().stream()
            .map(left -> "left over    " + Leftovers.text(left) + "\n")
            .collect(Collectors.joining());
  }
}
