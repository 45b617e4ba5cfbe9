package dev.banger.image.kernel;

import dev.banger.image.catalog.BundleFile;
import dev.banger.image.disk.FileSum;
import dev.banger.image.disk.Manifest;
import dev.banger.image.disk.Trees;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * A kernel on this host. Its files never change.
 *
 * @param id names it: its release and the beginning of its digest
 * @param release what {@code uname -r} says in the guest
 * @param architecture as Debian says it: {@code amd64}
 * @param digest SHA-256 of the package or the files it was made of
 * @param source where it came from
 * @param modulesUuid of the modules disk's file system
 * @param directory holds all its files
 */
public record Kernel(
    String id,
    String release,
    String architecture,
    String digest,
    String source,
    Instant pulled,
    UUID modulesUuid,
    Path directory) {
  /** What is unpacked before banger's own initramfs; may be missing. */
  static final String INITRD = "initrd";

  /** Where the source begins of one that was made of files of this host. */
  static final String OF_FILES = "file:";

  private static final String OF_CATALOG = "catalog:";
  private static final String MANIFEST = "kernel.properties";
  private static final int DIGEST_DIGITS = 12;

  static Kernel read(Path directory) throws BangerException {
    return of(
        Manifest.read(directory.resolve(MANIFEST)), directory.getFileName().toString(), directory);
  }

  /** What its release and the digest of its package make its name. */
  static String id(String release, String digest) {
    return release + "-" + digest.substring(0, Math.min(DIGEST_DIGITS, digest.length()));
  }

  /**
   * One whose files are in {@code unpublished}. INVALID when one of them is missing.
   *
   * @param parent its directory is to be there
   */
  static Kernel staged(Path unpublished, Path parent, String source, Instant now)
      throws BangerException, InterruptedException {
    Manifest manifest = Manifest.read(unpublished.resolve(MANIFEST));
    String digest = contentDigest(unpublished);
    String id = id(manifest.text("release"), digest);
    Kernel there = of(manifest, id, unpublished);
    for (Path file : List.of(there.vmlinux(), there.modulesDisk())) {
      if (!Files.isRegularFile(file)) {
        throw new BangerException(
            ErrorCode.INVALID,
            "the kernel " + id + " has no " + file.getFileName(),
            "ask whoever made it for another");
      }
    }
    return new Kernel(
        id,
        there.release(),
        there.architecture(),
        digest,
        source,
        now,
        there.modulesUuid(),
        parent.resolve(id));
  }

  /** Of all files but the manifest: whatever came elsewhere from, other contents are others. */
  private static String contentDigest(Path directory) throws BangerException, InterruptedException {
    try (Stream<Path> files = Files.walk(directory)) {
      MessageDigest sum = MessageDigest.getInstance("SHA-256");
      for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
        if (file.getFileName().toString().equals(MANIFEST)) {
          continue;
        }
        String line = directory.relativize(file) + " " + Files.size(file) + "\n";
        sum.update(line.getBytes(StandardCharsets.UTF_8));
        FileSum.add(sum, file, read -> {});
      }
      return HexFormat.of().formatHex(sum.digest());
    } catch (IOException e) {
      throw Trees.failure("cannot read the kernel in " + directory, e);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Kernel of(Manifest manifest, String id, Path directory) throws BangerException {
    return new Kernel(
        id,
        manifest.text("release"),
        manifest.text("architecture"),
        manifest.text("digest"),
        manifest.text("source"),
        manifest.time("pulled"),
        manifest.uuid("modulesUuid"),
        directory);
  }

  /** Into a directory that is not the final one yet. */
  void writeTo(Path unpublished) throws IOException {
    Manifest.write(unpublished.resolve(MANIFEST), values(source));
  }

  private Map<String, String> values(String saidSource) {
    return Map.of(
        "release", release,
        "architecture", architecture,
        "digest", digest,
        "source", saidSource,
        "pulled", pulled.toString(),
        "modulesUuid", modulesUuid.toString());
  }

  /** A path of this host is told to nobody else. */
  private BundleFile bundled(Path file) {
    String name = BundleFile.KERNEL + directory.relativize(file);
    boolean tells = file.endsWith(MANIFEST) && source.startsWith(OF_FILES);
    return tells
        ? new BundleFile(name, file, Optional.of(Manifest.text(values(OF_FILES))))
        : new BundleFile(name, file);
  }

  /** What a bundle holds of it: all of its files. */
  public List<BundleFile> bundleFiles() throws BangerException {
    try (Stream<Path> files = Files.walk(directory)) {
      return files.filter(Files::isRegularFile).sorted().map(this::bundled).toList();
    } catch (IOException e) {
      throw Trees.failure("cannot look into " + directory, e);
    }
  }

  /** The uncompressed ELF kernel. */
  public Path vmlinux() {
    return directory.resolve("vmlinux");
  }

  /** Whether it is booted only where somebody names it: it was not pulled. */
  boolean isOnlyNamed() {
    return source.startsWith(OF_FILES) || source.startsWith(OF_CATALOG);
  }

  /** Archives for the kernel to unpack before banger's own; may be missing. */
  Path initrd() {
    return directory.resolve(INITRD);
  }

  /** A read-only ext4: what belongs at {@code /lib/modules/<release>}. */
  public Path modulesDisk() {
    return directory.resolve("modules.ext4");
  }

  /** The modules that an initramfs may hold, uncompressed. */
  Path bootModules() {
    return directory.resolve("boot-modules");
  }
}
