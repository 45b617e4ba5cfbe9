package dev.banger.cli;

import dev.banger.api.DaemonApi;
import dev.banger.api.KernelApi;
import dev.banger.model.BangerException;
import org.aesh.command.CommandDefinition;

@CommandDefinition(
    name = "ls",
    aliases = {"list"},
    description = "List kernels",
    generateHelp = true)
final class KernelList extends ClientCommand {
  @Override
  int run() throws BangerException, InterruptedException {
    KernelApi.Views views;
    try (Client client = connect()) {
      views = client.call(KernelApi.LIST, new DaemonApi.Nothing());
    }
    if (json) {
      printJson(views);
      return 0;
    }
    long now = System.currentTimeMillis();
    Table table = new Table("KERNEL", "SOURCE", "SIZE", "AGE", "VMS", "");
    for (KernelApi.View kernel : views.kernels()) {
      table.row(
          kernel.kernel(),
          kernel.source(),
          Human.size(kernel.size()),
          Human.age(now, kernel.createdAt()),
          Integer.toString(kernel.vms().size()),
          kernel.newest() ? "newest" : "");
    }
    System.out.print(table);
    return 0;
  }
}
