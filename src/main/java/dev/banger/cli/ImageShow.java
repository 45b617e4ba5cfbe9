package dev.banger.cli;

import dev.banger.api.ImageApi;
import dev.banger.model.BangerException;
import dev.banger.rpc.Wire;
import org.aesh.command.CommandDefinition;
import org.aesh.command.option.Argument;

@CommandDefinition(name = "show", description = "Show one image", generateHelp = true)
final class ImageShow extends ClientCommand {
  @Argument(required = true, paramLabel = "IMAGE", description = "IMAGE: a reference")
  String reference = "";

  @Override
  int run() throws BangerException, InterruptedException {
    try (Client client = connect()) {
      ImageApi.View view =
          client.call(ImageApi.SHOW, new ImageApi.Ref(OptionValues.image(reference)));
      System.out.println(json ? Wire.json().toJson(view) : Wire.json().toJsonPretty(view));
      return 0;
    }
  }
}
