package dev.banger.cli;

import dev.banger.api.ImageApi;
import dev.banger.model.BangerException;
import org.aesh.command.CommandDefinition;
import org.aesh.command.option.Argument;
import org.aesh.command.option.Option;

@CommandDefinition(
    name = "delete",
    aliases = {"rm"},
    description = "Delete an image that no VM uses",
    generateHelp = true)
final class ImageDelete extends ClientCommand {
  @Argument(required = true, paramLabel = "IMAGE", description = "IMAGE: a reference or an id")
  String reference = "";

  @Option(
      shortName = 'f',
      hasValue = false,
      description = "One that VMs use, too: no new VM gets it, its files go with the last of them")
  boolean force;

  @Override
  int run() throws BangerException, InterruptedException {
    try (Client client = connect()) {
      ImageApi.Deleted deleted =
          client.call(ImageApi.DELETE, new ImageApi.Delete(reference, force));
      if (json) {
        printJson(deleted);
      } else {
        System.out.println(reference);
      }
      if (!deleted.vms().isEmpty()) {
        System.err.println(
            "its files go with the last VM that uses it: " + String.join(", ", deleted.vms()));
      }
      return 0;
    }
  }
}
