package dev.banger.cli;

import dev.banger.api.DaemonApi;
import dev.banger.api.ImageApi;
import dev.banger.model.BangerException;
import org.aesh.command.CommandDefinition;

@CommandDefinition(
    name = "ls",
    aliases = {"list"},
    description = "List images",
    generateHelp = true)
final class ImageList extends ClientCommand {
  @Override
  int run() throws BangerException, InterruptedException {
    ImageApi.Views views;
    try (Client client = connect()) {
      views = client.call(ImageApi.LIST, new DaemonApi.Nothing());
    }
    if (json) {
      printJson(views);
      return 0;
    }
    long now = System.currentTimeMillis();
    Table table = new Table("REFERENCE", "ID", "SOURCE", "SIZE", "AGE", "VMS");
    for (ImageApi.View image : views.images()) {
      table.row(
          image.reference() + (image.deleted() ? " (deleted)" : ""),
          image.id(),
          image.source(),
          Human.size(image.size()),
          Human.age(now, image.createdAt()),
          Integer.toString(image.vms().size()));
    }
    System.out.print(table);
    return 0;
  }
}
