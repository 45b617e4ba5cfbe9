package dev.banger.cli;

import dev.banger.api.ImageApi;
import dev.banger.api.OperationApi;
import dev.banger.model.BangerException;
import org.aesh.command.CommandDefinition;
import org.aesh.command.option.Argument;

@CommandDefinition(name = "pull", description = "Fetch an image", generateHelp = true)
final class ImagePull extends ClientCommand {
  @Argument(
      required = true,
      paramLabel = "IMAGE",
      description = "IMAGE: a reference, as debian:bookworm or oci:DIRECTORY")
  String reference = "";

  @Override
  int run() throws BangerException, InterruptedException {
    try (Client client = connect()) {
      OperationApi.Begun begun =
          client.call(ImageApi.PULL_BEGIN, new ImageApi.Ref(OptionValues.image(reference)));
      OperationApi.Status end = Operations.await(client, begun.operation());
      if (!end.stages().isEmpty() && end.stages().getLast().name().equals(ImageApi.UP_TO_DATE)) {
        System.err.println(end.subject() + " " + ImageApi.UP_TO_DATE);
      }
      return tell(end, end.subject());
    }
  }
}
