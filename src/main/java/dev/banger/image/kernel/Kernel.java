package dev.banger.image.kernel;

import dev.banger.image.disk.Manifest;
import dev.banger.model.BangerException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.UUID;

/**
 * A kernel on this host. Its files never change.
 *
 * @param id names it: its release and the beginning of its digest
 * @param release what {@code uname -r} says in the guest
 * @param architecture as Debian says it: {@code amd64}
 * @param digest SHA-256 of the package it came in
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
  private static final String MANIFEST = "kernel.properties";

  static Kernel read(Path directory) throws BangerException {
    Manifest manifest = Manifest.read(directory.resolve(MANIFEST));
    return new Kernel(
        directory.getFileName().toString(),
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
    Manifest.write(
        unpublished.resolve(MANIFEST),
        Map.of(
            "release", release,
            "architecture", architecture,
            "digest", digest,
            "source", source,
            "pulled", pulled.toString(),
            "modulesUuid", modulesUuid.toString()));
  }

  /** The uncompressed ELF kernel. */
  public Path vmlinux() {
    return directory.resolve("vmlinux");
  }

  /** The kernel as it was packaged. */
  public Path bzImage() {
    return directory.resolve("vmlinuz");
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
