package dev.banger.snapshot;

import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.ErrorCode;
import dev.banger.model.VmId;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HexFormat;
import java.util.concurrent.ThreadLocalRandom;

/** A small image and a store for one try, of a VM that nobody has. */
final class Probe {
  static final ByteSize SIZE = ByteSize.mib(1);
  private static final byte[] WORDS = "banger was here".getBytes(StandardCharsets.US_ASCII);
  private static final int ID_BYTES = 6;

  private final Path directory;
  private final VmId vm;

  Probe(Path directory) {
    this.directory = directory;
    byte[] id = new byte[ID_BYTES];
    ThreadLocalRandom.current().nextBytes(id);
    this.vm = new VmId(HexFormat.of().formatHex(id));
  }

  /** What is tried. */
  @FunctionalInterface
  interface Trial {
    void run(VmId vm, Path image, Store store) throws BangerException, InterruptedException;
  }

  void run(Trial trial) throws BangerException, InterruptedException {
    Path image = directory.resolve("probe-" + vm + ".image");
    Store store = new Store(directory.resolve("probe-" + vm + ".cow"));
    try {
      Files.createDirectories(directory);
      Files.write(image, new byte[(int) SIZE.bytes()]);
      Files.createFile(store.file());
      store.extend(SIZE);
      trial.run(vm, image, store);
      requireUntouched(image);
    } catch (IOException e) {
      throw new BangerException(
          ErrorCode.HOST_UNSUPPORTED, "cannot try a snapshot in " + directory, "see the cause", e);
    } finally {
      delete(image);
      delete(store.file());
    }
  }

  private static void delete(Path file) throws BangerException {
    try {
      boolean _ = Files.deleteIfExists(file);
    } catch (IOException e) {
      throw new BangerException(ErrorCode.INTERNAL, "cannot delete " + file, "see the cause", e);
    }
  }

  private static void requireUntouched(Path image) throws IOException, BangerException {
    for (byte one : Files.readAllBytes(image)) {
      if (one != 0) {
        throw new BangerException(
            ErrorCode.HOST_UNSUPPORTED,
            "what was written to a snapshot came to its image " + image,
            "set disks.driver = \"overlay\", and tell banger's makers which kernel this is");
      }
    }
  }

  /** Writes to a disk, and reads it again. */
  static void write(Path disk) throws BangerException {
    try (FileChannel channel =
        FileChannel.open(disk, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      int _ = channel.write(ByteBuffer.wrap(WORDS), 0);
      channel.force(true);
      ByteBuffer read = ByteBuffer.allocate(WORDS.length);
      int _ = channel.read(read, 0);
      if (!read.flip().equals(ByteBuffer.wrap(WORDS))) {
        throw new IOException("it does not hold what was written to it");
      }
    } catch (IOException e) {
      throw new BangerException(
          ErrorCode.HOST_UNSUPPORTED, "cannot use the snapshot " + disk, "see the cause", e);
    }
  }
}
