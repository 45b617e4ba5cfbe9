package dev.banger.cli;

import dev.banger.api.DaemonApi;
import dev.banger.api.VmmApi;
import dev.banger.model.BangerException;
import org.aesh.command.CommandDefinition;

@CommandDefinition(
    name = "ls",
    aliases = {"list"},
    description = "List releases of Firecracker: installed, and those that the catalog lists",
    generateHelp = true)
final class VmmList extends ClientCommand {
  @Override
  int run() throws BangerException, InterruptedException {
    VmmApi.Views views;
    try (Client client = connect()) {
      views = client.call(VmmApi.LIST, new DaemonApi.Nothing());
    }
    if (json) {
      printJson(views);
      return 0;
    }
    Table table = new Table("VMM", "VERSION", "INSTALLED");
    for (VmmApi.View view : views.releases()) {
      table.row(view.name(), view.version(), view.path().isEmpty() ? "no" : view.path());
    }
    System.out.print(table);
    if (!views.problem().isEmpty()) {
      System.err.println(views.problem());
    }
    return 0;
  }
}
