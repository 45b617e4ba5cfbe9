package dev.banger.cli;

import dev.banger.api.VmApi;
import dev.banger.model.BangerException;
import org.aesh.command.CommandDefinition;
import org.aesh.command.option.Option;

@CommandDefinition(
    name = "ls",
    aliases = {"list"},
    description = "List VMs",
    generateHelp = true)
class VmList extends ClientCommand {
  @Option(shortName = 'a', hasValue = false, description = "Those that are stopped, too")
  boolean all;

  @Option(shortName = 'q', hasValue = false, description = "Names only")
  boolean quiet;

  @Override
  final int run() throws BangerException, InterruptedException {
    VmApi.Views views;
    try (Client client = connect()) {
      views = client.call(VmApi.LIST, new VmApi.Filter(all));
    }
    if (json) {
      printJson(views);
    } else if (quiet) {
      views.vms().forEach(vm -> System.out.println(vm.name()));
    } else {
      System.out.print(table(views, System.currentTimeMillis()));
    }
    return 0;
  }

  static Table table(VmApi.Views views, long now) {
    Table table = new Table("NAME", "ID", "STATE", "IMAGE", "CPUS", "MEMORY", "ADDRESS", "AGE");
    for (VmApi.View vm : views.vms()) {
      String address = vm.address();
      table.row(
          vm.name(),
          vm.id(),
          vm.state(),
          vm.image(),
          Integer.toString(vm.cpus()),
          Human.size(vm.memory()),
          address == null ? "-" : address,
          Human.age(now, vm.createdAt()));
    }
    return table;
  }
}
