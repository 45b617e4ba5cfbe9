package dev.banger.cli;

import dev.banger.api.KernelApi;
import dev.banger.model.BangerException;
import org.aesh.command.CommandDefinition;
import org.aesh.command.option.Argument;

@CommandDefinition(
    name = "delete",
    aliases = {"rm"},
    description = "Delete a kernel that no VM uses",
    generateHelp = true)
final class KernelDelete extends ClientCommand {
  @Argument(required = true, paramLabel = "KERNEL", description = "KERNEL: its release")
  String kernel = "";

  @Override
  int run() throws BangerException, InterruptedException {
    try (Client client = connect()) {
      KernelApi.Ref ref = new KernelApi.Ref(kernel);
      client.call(KernelApi.DELETE, ref);
      if (json) {
        printJson(ref);
      } else {
        System.out.println(kernel);
      }
      return 0;
    }
  }
}
