package dev.banger.cli;

import dev.banger.api.ImageApi;
import dev.banger.model.BangerException;
import org.aesh.command.CommandDefinition;
import org.aesh.command.option.Argument;

@CommandDefinition(
    name = "delete",
    aliases = {"rm"},
    description = "Delete an image that no VM uses",
    generateHelp = true)
final class ImageDelete extends ClientCommand {
  @Argument(required = true, paramLabel = "IMAGE", description = "IMAGE: a reference")
  String reference = "";

  @Override
  int run() throws BangerException, InterruptedException {
    try (Client client = connect()) {
      ImageApi.Ref ref = new ImageApi.Ref(reference);
      client.call(ImageApi.DELETE, ref);
      if (json) {
        printJson(ref);
      } else {
        System.out.println(reference);
      }
      return 0;
    }
  }
}
