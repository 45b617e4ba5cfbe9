package dev.banger.cli;

import dev.banger.api.DaemonApi;
import dev.banger.api.EgressApi;
import dev.banger.model.BangerException;
import org.aesh.command.CommandDefinition;

@CommandDefinition(
    name = "ls",
    description = "List named networks and the VMs that belong to them",
    generateHelp = true)
final class NetworkList extends ClientCommand {
  @Override
  int run() throws BangerException, InterruptedException {
    EgressApi.Networks networks;
    try (Client client = connect()) {
      networks = client.call(EgressApi.LIST, new DaemonApi.Nothing());
    }
    if (json) {
      printJson(networks);
      return 0;
    }
    Table table = new Table("NETWORK", "VM", "ADDRESSES");
    for (EgressApi.Network network : networks.networks()) {
      network
          .members()
          .forEach(vm -> table.row(network.name(), vm.name(), String.join(" ", vm.addresses())));
    }
    System.out.print(table);
    return 0;
  }
}
