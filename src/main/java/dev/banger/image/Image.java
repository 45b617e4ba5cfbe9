package dev.banger.image;

import dev.banger.image.catalog.BundleFile;
import dev.banger.image.disk.Manifest;
import dev.banger.image.disk.Publication;
import dev.banger.image.disk.Trees;
import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;

/**
 * A root file system on this host. Its files never change; VMs share them.
 *
 * @param id 12 hex digits
 * @param reference what it was asked for by; its name as long as it is {@link #named}
 * @param source the kind of its source: {@code deb}, {@code oci}, {@code file}, {@code vm}
 * @param provenance where it came from, exactly
 * @param digest SHA-256 of what went into it
 * @param size of the disk, as the guest sees it
 * @param uuid of its file system
 * @param hasInit whether it can be booted by an init of its own
 * @param kernel the id of the one that its VMs boot when nobody names one; empty: the newest
 * @param defaults how it wants to be run
 * @param layers what it was made of, the lowest first; none when it was not made of layers
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
    String kernel,
    ImageDefaults defaults,
    List<ImageLayer> layers,
    Path directory) {
  /** Whoever has one of these can boot by itself. */
  public static final Set<String> INITS =
      Set.of("/sbin/init", "/usr/sbin/init", "/lib/systemd/systemd", "/usr/lib/systemd/systemd");

  private static final String MANIFEST = "image.properties";
  private static final String DISK = "rootfs.ext4";

  /** Is there when its name was taken away. */
  private static final String DELETED = "deleted";

  /** Is there when a newer image has its name. */
  private static final String NAMELESS = "nameless";

  public Image {
    layers = List.copyOf(layers);
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
        manifest.textOr("kernel", ""),
        ImageDefaults.read(manifest),
        layers(manifest),
        directory);
  }

  static List<ImageLayer> layers(Manifest manifest) throws BangerException {
    List<ImageLayer> layers = new ArrayList<>();
    for (String text : manifest.list("layers")) {
      layers.add(ImageLayer.parse(text));
    }
    return layers;
  }

  /** Into a directory that is not the final one yet. */
  void writeTo(Path unpublished) throws IOException {
    Manifest.write(unpublished.resolve(MANIFEST), values());
  }

  private Map<String, String> values() {
    Map<String, String> values = new TreeMap<>();
    values.put("reference", reference.toString());
    values.put("source", source);
    values.put("provenance", provenance);
    values.put("digest", digest);
    values.put("size", Long.toString(size.bytes()));
    values.put("uuid", uuid.toString());
    values.put("created", created.toString());
    values.put("hasInit", Boolean.toString(hasInit));
    values.put("kernel", kernel);
    defaults.writeTo(values);
    values.put("layers", Manifest.lines(layers.stream().map(ImageLayer::toString).toList()));
    return values;
  }

  /** Whether its name was taken away: it is here for VMs that use it, and for no new one. */
  public boolean deleted() {
    return Files.exists(directory.resolve(DELETED));
  }

  /** From now on it is {@link #deleted}, also after a crash. */
  void takeNameAway() throws BangerException {
    try {
      Publication.writeFile(directory.resolve(DELETED), new byte[0]);
    } catch (IOException e) {
      throw Trees.failure("cannot delete the image " + reference, e);
    }
  }

  /** Whether new VMs can get it by its reference. */
  public boolean named() {
    return !deleted() && !Files.exists(directory.resolve(NAMELESS));
  }

  /** From now on it is not {@link #named}, also after a crash; by its id it can be had. */
  void loseName() throws BangerException {
    try {
      Publication.writeFile(directory.resolve(NAMELESS), new byte[0]);
    } catch (IOException e) {
      throw Trees.failure("cannot take the name of the image " + id, e);
    }
  }

  /** Its reference; {@code <none>} when a newer one has that name. */
  public String shownName() {
    return deleted() || named() ? reference.toString() : "<none>";
  }

  /** The root file system: ext4, never written to. */
  public Path disk() {
    return diskIn(directory);
  }

  /**
   * What a bundle of it holds: its root file system, and what it says of itself, but for where it
   * came from: that tells paths and names of this host.
   */
  public List<BundleFile> bundleFiles() {
    Map<String, String> told = values();
    told.put("provenance", digest);
    String text = Manifest.text(told);
    return List.of(
        new BundleFile(BundleFile.IMAGE, directory.resolve(MANIFEST), Optional.of(text)),
        new BundleFile(BundleFile.ROOT, disk()));
  }

  static Path diskIn(Path directory) {
    return directory.resolve(DISK);
  }
}
