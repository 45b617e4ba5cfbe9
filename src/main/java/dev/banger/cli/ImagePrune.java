package dev.banger.cli;

import dev.banger.api.ImageApi;
import dev.banger.model.BangerException;
import org.aesh.command.CommandDefinition;
import org.aesh.command.option.Option;

@CommandDefinition(
    name = "prune",
    description = "Delete unused images that have a newer one, and the layer cache",
    generateHelp = true)
final class ImagePrune extends ClientCommand {
  @Option(name = "all", shortName = 'a', hasValue = false, description = "Every unused image")
  boolean all;

  @Override
  int run() throws BangerException, InterruptedException {
    ImageApi.Pruned pruned;
    try (Client client = connect()) {
      pruned = client.call(ImageApi.PRUNE, new ImageApi.Prune(all));
    }
    if (json) {
      printJson(pruned);
      return 0;
    }
    for (ImageApi.Gone image : pruned.images()) {
      System.out.println(
          "deleted " + image.reference() + " (" + image.id() + "), " + Human.size(image.size()));
    }
    if (pruned.layers() > 0) {
      System.out.println(
          "removed " + pruned.layers() + " layers, " + Human.size(pruned.layersSize()));
    }
    System.out.println("freed " + Human.size(pruned.size()));
    return 0;
  }
}
