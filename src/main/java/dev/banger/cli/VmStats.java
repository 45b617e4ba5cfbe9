package dev.banger.cli;

import dev.banger.api.FigureApi;
import dev.banger.model.BangerException;
import java.time.Duration;
import java.util.List;
import org.aesh.command.CommandDefinition;
import org.aesh.command.option.Arguments;
import org.aesh.command.option.Option;
import org.jspecify.annotations.Nullable;

@CommandDefinition(
    name = "stats",
    description = "Show what VMs use: all that run, or those named",
    generateHelp = true)
final class VmStats extends ClientCommand {
  /** CPU use is what happened between two looks. */
  private static final Duration SAMPLE = Duration.ofMillis(500);

  private static final Duration PAUSE = Duration.ofSeconds(1);

  @Arguments(paramLabel = "VM", description = "VM: name, id or its beginning")
  @Nullable List<String> vms;

  @Option(
      name = "follow",
      shortName = 'f',
      hasValue = false,
      description = "Again each second, until ctrl-C; with --json one document a line")
  boolean follow;

  @Override
  int run() throws BangerException, InterruptedException {
    FigureApi.Names names = new FigureApi.Names(vms == null ? List.of() : vms);
    StatsTable table = new StatsTable();
    try (Client client = connect()) {
      if (!json) {
        List<Rates> _ = table.next(client.call(FigureApi.STATS, names));
        Thread.sleep(SAMPLE);
      }
      do {
        FigureApi.Stats stats = client.call(FigureApi.STATS, names);
        if (json) {
          printJson(stats);
        } else {
          print(table.next(stats));
        }
        if (follow) {
          Thread.sleep(PAUSE);
        }
      } while (follow && !System.out.checkError());
    }
    return 0;
  }

  private static void print(List<Rates> rates) {
    System.out.print(StatsTable.table(rates));
    System.err.print(StatsTable.missing(rates));
  }
}
