package dev.banger.cli;

import dev.banger.api.DaemonApi;
import dev.banger.api.DiskApi;
import dev.banger.model.BangerException;
import org.aesh.command.CommandDefinition;
import org.aesh.command.option.Option;

@CommandDefinition(
    name = "df",
    description = "What banger takes of the disk, and what can be dropped",
    generateHelp = true)
final class DfCommand extends ClientCommand {
  @Option(name = "verbose", shortName = 'v', hasValue = false, description = "Each thing")
  boolean verbose;

  @Override
  int run() throws BangerException, InterruptedException {
    DiskApi.Usage usage;
    try (Client client = connect()) {
      usage = client.call(DiskApi.USAGE, new DaemonApi.Nothing());
    }
    if (json) {
      printJson(usage);
    } else {
      System.out.print(verbose ? items(usage) : summary(usage));
    }
    return 0;
  }

  private static Table summary(DiskApi.Usage usage) {
    Table table = new Table("KIND", "COUNT", "SIZE", "DROPPABLE", "HOW");
    for (DiskApi.Row row : usage.rows()) {
      table.row(
          row.kind(),
          Integer.toString(row.items().size()),
          Human.size(row.size()),
          Human.size(row.droppable()),
          row.droppable() > 0 ? row.how() : "");
    }
    table.row("total", "", Human.size(usage.size()), Human.size(usage.droppable()), "");
    return table;
  }

  private static Table items(DiskApi.Usage usage) {
    Table table = new Table("KIND", "NAME", "SIZE", "DROPPABLE");
    for (DiskApi.Row row : usage.rows()) {
      for (DiskApi.Item item : row.items()) {
        table.row(
            row.kind(), item.name(), Human.size(item.size()), item.droppable() ? "yes" : "no");
      }
    }
    return table;
  }
}
