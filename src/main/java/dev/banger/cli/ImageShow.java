package dev.banger.cli;

import dev.banger.api.ImageApi;
import dev.banger.api.SeedApi;
import dev.banger.model.BangerException;
import java.util.List;
import org.aesh.command.CommandDefinition;
import org.aesh.command.option.Argument;

@CommandDefinition(name = "show", description = "Show one image", generateHelp = true)
final class ImageShow extends ClientCommand {
  @Argument(required = true, paramLabel = "IMAGE", description = "IMAGE: a reference or an id")
  String reference = "";

  @Override
  int run() throws BangerException, InterruptedException {
    try (Client client = connect()) {
      ImageApi.View view =
          client.call(ImageApi.SHOW, new ImageApi.Ref(OptionValues.image(reference)));
      if (json) {
        printJson(view);
      } else {
        System.out.print(text(view));
      }
      return 0;
    }
  }

  static String text(ImageApi.View image) {
    Facts facts = new Facts();
    facts
        .line("reference", image.reference() + (image.deleted() ? " (deleted)" : ""))
        .line("id", image.id())
        .line("source", image.source())
        .line("provenance", image.provenance())
        .line("digest", image.digest())
        .line("created", Facts.time(image.createdAt()))
        .line("architecture", image.architecture())
        .line("kernel", image.kernel());
    ImageApi.Details details = image.details();
    if (details != null) {
      costs(facts, details);
    }
    facts
        .line("command", words(image.command()) + (isService(details) ? " (in each VM)" : ""))
        .line("user", image.user())
        .line("directory", image.workingDirectory())
        .line("stop signal", image.stopSignal())
        .lines("env", image.env())
        .lines("exposes", image.ports())
        .lines("volume", image.volumes());
    if (details != null) {
      facts.lines("left out", details.volumesLeftOut().stream().map(v -> "volume " + v).toList());
    }
    SeedApi.Seed seed = image.seed();
    if (seed != null) {
      facts.line("work seed", Human.size(seed.size()) + " of " + seed.origin());
      facts.line("SSH key", seed.fingerprint() + " of new homes");
    }
    if (details != null) {
      details.layers().forEach(layer -> facts.line("layer", layer(layer)));
    }
    return facts.lines("vm", image.vms()).toString();
  }

  private static void costs(Facts facts, ImageApi.Details details) {
    facts
        .line("own size", Human.size(details.own()) + " of the host's disk")
        .line("shared", Human.size(details.shared()) + " of layers that other images have")
        .line("disk", Human.size(details.diskSize()) + " as its VMs see it")
        .line("init", details.hasInit() ? "its own" : "none: init mode agent");
  }

  private static boolean isService(ImageApi.@org.jspecify.annotations.Nullable Details details) {
    return details != null && details.service();
  }

  private static String words(List<String> command) {
    return String.join(
        " ",
        command.stream()
            .map(word -> word.matches("[A-Za-z0-9_./:=@%+,-]+") ? word : "'" + word + "'")
            .toList());
  }

  private static String layer(ImageApi.Layer layer) {
    String others =
        layer.images().isEmpty() ? "" : ", also in " + String.join(", ", layer.images());
    return layer.digest() + " " + Human.size(layer.size()) + others;
  }
}
