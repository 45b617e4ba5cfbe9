package dev.banger.cli;

import dev.banger.api.ImageApi;
import dev.banger.api.OperationApi;
import dev.banger.api.SeedApi;
import dev.banger.model.BangerException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.stream.Stream;
import org.aesh.command.CommandDefinition;
import org.aesh.command.option.Argument;
import org.aesh.command.option.Option;
import org.jspecify.annotations.Nullable;

@CommandDefinition(
    name = "seed",
    description = "What the homes of an image's new VMs begin with",
    generateHelp = true)
final class ImageSeed extends ClientCommand {
  @Argument(required = true, paramLabel = "IMAGE", description = "IMAGE: a reference")
  String reference = "";

  @Option(name = "from", description = "Make it of a directory of this host")
  @Nullable String from;

  @Option(name = "from-vm", description = "Make it of the home of a stopped VM")
  @Nullable String fromVm;

  @Option(name = "clear", hasValue = false, description = "Remove it: homes begin empty")
  boolean clear;

  @Override
  int run() throws BangerException, UsageException, InterruptedException {
    if (Stream.of(from != null, fromVm != null, clear).filter(chosen -> chosen).count() > 1) {
      throw new UsageException("--from, --from-vm and --clear exclude one another", "choose one");
    }
    ImageApi.Ref image = new ImageApi.Ref(OptionValues.image(reference));
    try (Client client = connect()) {
      if (clear) {
        return show(client.call(SeedApi.CLEAR, image));
      }
      if (from != null) {
        Path source = source(from);
        try (Client filling = connect()) {
          fill(filling, image.reference(), source);
        }
      } else if (fromVm != null) {
        SeedApi.FromVm wish = new SeedApi.FromVm(image.reference(), fromVm);
        OperationApi.Status _ =
            Operations.await(client, client.call(SeedApi.BEGIN, wish).operation());
      }
      return show(client.call(SeedApi.SHOW, image));
    }
  }

  /** A directory that homes can begin with. */
  static Path source(String directory) throws UsageException {
    Path source = Path.of(OptionValues.file("the work seed", directory));
    if (!Files.isDirectory(source)) {
      throw new UsageException(
          source + " is no directory", "name the directory that homes begin with");
    }
    return source;
  }

  /** On this connection, which carries nothing else afterwards. */
  static void fill(Client client, String reference, Path source) throws BangerException {
    SeedApi.Fill wish = new SeedApi.Fill(reference, "directory " + source);
    var _ =
        ArchiveTransfer.run(
            client,
            SeedApi.FILL,
            wish,
            "cannot make the work seed of " + reference + " of " + source,
            tar -> pack(source, tar));
  }

  private static void pack(Path source, TarPipe tar) throws IOException {
    OutputStream out = tar.output();
    TarWriter writer = new TarWriter(out, true);
    writer.add(source, ".");
    writer.finish();
    out.flush();
    if (writer.skipped() > 0) {
      System.err.println("left out: " + writer.skipped() + " devices, sockets or pipes");
    }
  }

  private int show(SeedApi.View view) {
    SeedApi.Seed seed = view.seed();
    if (json) {
      printJson(view);
    } else if (seed == null) {
      System.out.println(view.reference() + " has no work seed: homes begin empty");
    } else {
      System.out.println(
          "%s: a work seed of %s (%s on this host), of %s, made %s; new homes let in the key %s"
              .formatted(
                  view.reference(),
                  Human.size(seed.size()),
                  Human.size(seed.allocated()),
                  seed.origin(),
                  Instant.ofEpochMilli(seed.createdAt()),
                  seed.fingerprint()));
    }
    return 0;
  }
}
