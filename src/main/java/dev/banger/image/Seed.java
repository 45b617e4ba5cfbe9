package dev.banger.image;

import dev.banger.image.disk.DiskFile;
import dev.banger.image.disk.Manifest;
import dev.banger.image.disk.Publication;
import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;

/**
 * The template of the home directory that VMs of an image begin with; it holds no key.
 *
 * @param directory holds all its files
 * @param image the id of the image
 * @param size of the disk, as the guest sees it
 * @param origin what it was made of, for people
 */
public record Seed(Path directory, String image, ByteSize size, String origin, Instant created) {
  private static final String MANIFEST = "seed.properties";
  private static final String DISK = "work.ext4";
  private static final String FINGERPRINT = "fingerprint";

  static Seed read(Path directory) throws BangerException {
    Manifest manifest = Manifest.read(directory.resolve(MANIFEST));
    return new Seed(
        directory,
        manifest.text("image"),
        new ByteSize(manifest.number("size")),
        manifest.text("origin"),
        manifest.time("created"));
  }

  /** Into a directory that is not the final one yet. */
  void writeTo(Path unpublished, String fingerprint) throws IOException {
    Manifest.write(
        unpublished.resolve(MANIFEST),
        Map.of(
            "image",
            image,
            "size",
            Long.toString(size.bytes()),
            "origin",
            origin,
            "created",
            created.toString()));
    writeFingerprint(unpublished, fingerprint);
  }

  static void writeFingerprint(Path directory, String fingerprint) throws IOException {
    Publication.writeFile(
        directory.resolve(FINGERPRINT), (fingerprint + "\n").getBytes(StandardCharsets.UTF_8));
  }

  /** Of the SSH key that new work disks get; empty when nobody has said it. */
  public String fingerprint() {
    try {
      return Files.readString(directory.resolve(FINGERPRINT)).strip();
    } catch (IOException e) {
      return ""; // it is written anew
    }
  }

  /** ext4, never written to. */
  public DiskFile disk() {
    return new DiskFile(diskIn(directory));
  }

  /** Where a source puts the seed that comes with an image's disk. */
  static Path arrivedWith(Path imageDisk) {
    return imageDisk.resolveSibling("seed.ext4");
  }

  static Path diskIn(Path directory) {
    return directory.resolve(DISK);
  }
}
