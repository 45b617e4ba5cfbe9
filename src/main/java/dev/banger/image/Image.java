package dev.banger.image;

import dev.banger.image.disk.Manifest;
import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * A root file system on this host. Its files never change; VMs share them.
 *
 * @param id 12 hex digits
 * @param reference what it was asked for by
 * @param source the kind of its source: {@code deb}
 * @param provenance where it came from, exactly
 * @param digest SHA-256 of what went into it
 * @param size of the disk, as the guest sees it
 * @param uuid of its file system
 * @param hasInit whether it can be booted by an init of its own
 * @param command what runs when the user names none
 * @param environment {@code K=V}
 * @param user who runs it; empty is root
 * @param directory holds all its files
 */
public record Image(
    String id,
    ImageReference reference,
    String source,
    String provenance,
    String digest,
    ByteSize size,
    UUID uuid,
    Instant created,
    boolean hasInit,
    List<String> command,
    List<String> environment,
    String user,
    Path directory) {
  private static final String MANIFEST = "image.properties";
  private static final String DISK = "rootfs.ext4";

  public Image {
    command = List.copyOf(command);
    environment = List.copyOf(environment);
  }

  static Image read(Path directory) throws BangerException {
    Manifest manifest = Manifest.read(directory.resolve(MANIFEST));
    return new Image(
        directory.getFileName().toString(),
        ImageReference.parse(manifest.text("reference")),
        manifest.text("source"),
        manifest.text("provenance"),
        manifest.text("digest"),
        new ByteSize(manifest.number("size")),
        manifest.uuid("uuid"),
        manifest.time("created"),
        Boolean.parseBoolean(manifest.text("hasInit")),
        lines(manifest.text("command")),
        lines(manifest.text("environment")),
        manifest.text("user"),
        directory);
  }

  /** Into a directory that is not the final one yet. */
  void writeTo(Path unpublished) throws IOException {
    Map<String, String> values = new TreeMap<>();
    values.put("reference", reference.toString());
    values.put("source", source);
    values.put("provenance", provenance);
    values.put("digest", digest);
    values.put("size", Long.toString(size.bytes()));
    values.put("uuid", uuid.toString());
    values.put("created", created.toString());
    values.put("hasInit", Boolean.toString(hasInit));
    values.put("command", String.join("\n", command));
    values.put("environment", String.join("\n", environment));
    values.put("user", user);
    Manifest.write(unpublished.resolve(MANIFEST), values);
  }

  private static List<String> lines(String text) {
    return Stream.of(text.split("\n", -1)).filter(line -> !line.isEmpty()).toList();
  }

  /** The root file system: ext4, never written to. */
  public Path disk() {
    return diskIn(directory);
  }

  static Path diskIn(Path directory) {
    return directory.resolve(DISK);
  }
}
