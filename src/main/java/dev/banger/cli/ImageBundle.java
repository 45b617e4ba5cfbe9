package dev.banger.cli;

import dev.banger.api.CatalogApi;
import dev.banger.catalog.Catalog;
import dev.banger.catalog.CatalogEntry;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.rpc.ControlMessage;
import dev.banger.yamux.YamuxSession;
import dev.banger.yamux.YamuxStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import org.aesh.command.CommandDefinition;
import org.aesh.command.option.Argument;
import org.aesh.command.option.Option;
import org.jspecify.annotations.Nullable;

@CommandDefinition(
    name = "bundle",
    description = "Pack an image and its kernel into one file for a catalog",
    generateHelp = true)
final class ImageBundle extends ClientCommand {
  private static final int BUFFER = 256 << 10;
  private static final int SHOWN = 4 << 20;

  @Argument(required = true, paramLabel = "IMAGE", description = "IMAGE: a reference that is here")
  String reference = "";

  @Option(name = "output", shortName = 'o', description = "The file, else one named by the image")
  @Nullable String output;

  @Option(name = "kernel", description = "The kernel in it, else the image's own or the newest")
  @Nullable String kernel;

  @Option(name = "catalog", description = "A catalog's file that lists it from now on")
  @Nullable String catalog;

  @Option(name = "url", description = "Where it will be, else beside the catalog")
  @Nullable String url;

  @Option(name = "description", description = "What people read of it in the catalog")
  @Nullable String description;

  @Override
  int run() throws BangerException, UsageException, InterruptedException {
    Path listing = catalog == null ? null : Path.of(OptionValues.file("--catalog", catalog));
    Catalog before = listing == null ? null : listed(listing);
    CatalogEntry entry;
    try (Client client = connect()) {
      CatalogApi.Bundled bundled =
          client.call(
              CatalogApi.BUNDLE, new CatalogApi.Bundle(reference, kernel), (method, params) -> {});
      Path file = file(bundled);
      CatalogEntry _ = entry(bundled, file, 1, "0".repeat(64)); // before all of it is downloaded
      try (YamuxSession session = client.upgrade()) {
        entry = receive(session, bundled, file);
      }
    } catch (IOException e) {
      throw new BangerException(
          ErrorCode.UNAVAILABLE, "cannot make a bundle of " + reference, "try again", e);
    }
    if (listing != null && before != null) {
      CatalogFiles.write(listing, listed(listing).with(entry)); // others may have listed theirs
      System.out.println(entry.reference() + " is listed in " + catalog + ", and not signed yet");
    } else {
      // An entry as it stands in a catalog, for whoever keeps one by hand.
      System.out.print(new Catalog("bundle", List.of(entry)).text());
    }
    return 0;
  }

  /** A file that is not there yet is a new catalog, named by it. */
  private static Catalog listed(Path file) throws BangerException {
    if (Files.exists(file)) {
      return Catalog.parse(CatalogFiles.read(file), file.toString());
    }
    String name = file.getFileName().toString().replaceAll("\\.json$", "");
    return Catalog.parse(
        new Catalog(name, List.of()).text(), file + " (its name becomes the catalog's)");
  }

  private Path file(CatalogApi.Bundled bundled) throws UsageException {
    String name =
        "%s-%s-%s.bundle.tar.zst"
            .formatted(bundled.name().replace('/', '-'), bundled.version(), bundled.architecture());
    Path file = Path.of(OptionValues.file("--output", output == null ? name : output));
    if (Files.isDirectory(file) || !Files.isDirectory(file.resolveSibling("."))) {
      throw new UsageException(
          file + " cannot become a file: it is a directory, or has none", "name a file with -o");
    }
    return file;
  }

  /** Into a file beside, which takes the name once all of it is there. */
  private CatalogEntry receive(YamuxSession session, CatalogApi.Bundled bundled, Path file)
      throws BangerException, IOException {
    Path beside = Files.createTempFile(file.resolveSibling("."), ".banger-", ".partial");
    beside.toFile().deleteOnExit(); // by ctrl-C, too
    try {
      YamuxStream control = session.open();
      YamuxStream archive = session.open();
      MessageDigest sum = MessageDigest.getInstance("SHA-256");
      IOException trouble = null;
      try {
        store(archive.input(), beside, bundled.size(), sum);
      } catch (IOException e) {
        trouble = e;
        archive.reset();
      }
      ControlMessage end = ControlMessage.read(control.input());
      if (end instanceof ControlMessage.Failed failed) {
        throw failed.failure();
      }
      if (trouble != null || !(end instanceof ControlMessage.Copied)) {
        throw trouble == null ? new IOException("the daemon has gone") : trouble;
      }
      long size = Files.size(beside);
      Files.setPosixFilePermissions(beside, PosixFilePermissions.fromString("rw-r--r--"));
      Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE);
      return entry(bundled, file, size, HexFormat.of().formatHex(sum.digest()));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    } finally {
      Files.deleteIfExists(beside);
    }
  }

  private void store(InputStream from, Path file, long whole, MessageDigest sum)
      throws BangerException, IOException {
    ProgressView progress = ProgressView.standard();
    progress.begin("image.bundle " + reference + ": pack " + Human.size(whole));
    long size = 0;
    long shown = 0;
    try (OutputStream out = Files.newOutputStream(file)) {
      byte[] buffer = new byte[BUFFER];
      for (int count = from.read(buffer); count >= 0; count = from.read(buffer)) {
        sum.update(buffer, 0, count);
        write(out, buffer, count, file);
        size += count;
        if (size - shown >= SHOWN) {
          progress.show("bundle of " + reference + ":", size);
          shown = size;
        }
      }
    } finally {
      progress.clear();
    }
  }

  /** What goes wrong here is of this disk, not of the connection. */
  private void write(OutputStream out, byte[] buffer, int count, Path file) throws BangerException {
    try {
      out.write(buffer, 0, count);
    } catch (IOException e) {
      Path directory = file.toAbsolutePath().normalize().getParent();
      throw CatalogFiles.failure(
          "cannot write the bundle of " + reference + " into " + directory, e);
    }
  }

  private CatalogEntry entry(CatalogApi.Bundled bundled, Path file, long size, String sha256)
      throws BangerException {
    try {
      return new CatalogEntry(
          bundled.name(),
          bundled.version(),
          bundled.architecture(),
          description == null ? "" : description,
          new CatalogEntry.Bundle(
              bundled.kernel(),
              url == null ? file.getFileName().toString() : url,
              size,
              sha256,
              ""));
    } catch (IllegalArgumentException e) {
      throw new BangerException(
          ErrorCode.INVALID, "cannot list " + reference + " in a catalog", "see the cause", e);
    }
  }
}
