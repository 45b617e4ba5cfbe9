package dev.banger.proof;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A file system of its own in a file, on a loop device, which can be filled and made read-only. */
public final class SmallDisk implements AutoCloseable {
  private static final int PIECE = 4096;

  private final Path file;
  private final Path place;

  private SmallDisk(Path file, Path place) {
    this.file = file;
    this.place = place;
  }

  public static SmallDisk of(int mebibytes) throws Exception {
    Path file = Files.createTempFile("bd-", ".ext4");
    try (RandomAccessFile image = new RandomAccessFile(file.toFile(), "rw")) {
      image.setLength((long) mebibytes << 20);
    }
    Path place = Files.createTempDirectory("bd-");
    run("mkfs.ext4", "-q", "-F", "-m", "0", "-O", "^has_journal", file.toString());
    run("mount", "-o", "loop", file.toString(), place.toString());
    return new SmallDisk(file, place);
  }

  private static void run(String... command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as("%s: %s", List.of(command), said).isZero();
  }

  /** An empty directory on it. */
  public Path home() throws IOException {
    return Files.createDirectories(place.resolve("h"));
  }

  public long free() {
    return place.toFile().getUsableSpace();
  }

  /** Takes space until so many bytes are free. */
  public void fillTo(long bytes) throws IOException {
    try (RandomAccessFile filler = new RandomAccessFile(filler().toFile(), "rw")) {
      filler.seek(filler.length());
      byte[] piece = new byte[256 * PIECE];
      for (long more = free() - bytes; more > 0; more = free() - bytes) {
        filler.write(piece, 0, more >= 2L * piece.length ? piece.length : PIECE);
      }
    } catch (IOException e) {
      if (!String.valueOf(e.getMessage()).contains("No space left")) {
        throw e;
      }
    }
  }

  private Path filler() {
    return place.resolve("filler");
  }

  public void empty() throws IOException {
    Files.deleteIfExists(filler());
  }

  /** Of a file that gives room back, none is left: another took it. */
  public void eat(Path reserve) throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(reserve.toFile(), "rw")) {
      file.setLength(0);
    }
    fillTo(0);
  }

  /** Root's rights do not help against it. */
  void immutable(Path directory, boolean on) throws Exception {
    run("chattr", on ? "+i" : "-i", directory.toString());
  }

  /** Nobody may have a file open for writing. */
  void readOnly() throws Exception {
    run("mount", "-o", "remount,ro", place.toString());
  }

  void writable() throws Exception {
    run("mount", "-o", "remount,rw", place.toString());
  }

  @Override
  public void close() throws IOException {
    try {
      run("umount", place.toString());
    } catch (IOException e) {
      throw e;
    } catch (Exception e) {
      throw new AssertionError("cannot unmount " + place, e);
    }
    Files.delete(place);
    Files.delete(file);
  }
}
