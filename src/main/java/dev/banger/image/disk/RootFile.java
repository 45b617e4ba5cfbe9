package dev.banger.image.disk;

import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.ErrorCode;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Arrays;
import java.util.UUID;
import java.util.function.LongConsumer;

/**
 * A file of the user's that holds a root file system. It is only ever read.
 *
 * @param file without symbolic links
 * @param uuid of its file system
 */
public record RootFile(Path file, ByteSize size, UUID uuid) {
  private static final Path BLOCK_DEVICES = Path.of("/sys/block");
  private static final byte[] QCOW2 = {'Q', 'F', 'I', (byte) 0xfb};
  private static final int PARTITIONED_AT = 510;
  private static final byte[] PARTITIONED = {0x55, (byte) 0xaa};
  private static final UUID NONE = new UUID(0, 0);

  /** Looks whether it can be one, as far as that is cheap. */
  public static RootFile open(Path given) throws BangerException {
    try {
      Path file = given.toRealPath();
      if (!Files.isRegularFile(file)) {
        throw invalid(file + " is no regular file", "name a file that holds an ext4");
      }
      Superblock superblock = Superblock.read(file).orElse(null);
      if (superblock == null) {
        throw invalid("there is no ext4 on " + file, advice(file));
      }
      requireUsable(file, superblock);
      requireDetached(file);
      return new RootFile(file, new ByteSize(Files.size(file)), superblock.uuid());
    } catch (NoSuchFileException e) {
      throw new BangerException(
          ErrorCode.NOT_FOUND, "there is no file " + given, "check the path", e);
    } catch (IOException e) {
      throw Trees.failure("cannot read " + given, e);
    }
  }

  /** As {@link #open}, of a template of home directories: it has the UUID of work disks. */
  public static RootFile openHome(Path file) throws BangerException {
    try {
      Superblock superblock = Superblock.read(file).orElse(null);
      boolean home =
          superblock != null
              && superblock.clean()
              && superblock.uuid().equals(DiskTemplate.Role.WORK.uuid());
      if (superblock == null || !home) {
        throw invalid(file + " is no work seed", "`banger image seed` makes them");
      }
      return new RootFile(file, new ByteSize(Files.size(file)), superblock.uuid());
    } catch (IOException e) {
      throw Trees.failure("cannot read " + file, e);
    }
  }

  private static void requireUsable(Path file, Superblock superblock) throws BangerException {
    if (!superblock.mountable()) {
      throw invalid(file + " is a journal of another ext4", "name the file system itself");
    }
    if (!superblock.clean()) {
      throw new BangerException(
          ErrorCode.WRONG_STATE,
          "the file system in " + file + " was not unmounted in order",
          "unmount it or end what uses it, then run `e2fsck -fp " + file + "`");
    }
    boolean own =
        Arrays.stream(DiskTemplate.Role.values())
            .anyMatch(role -> role.uuid().equals(superblock.uuid()));
    if (own || superblock.uuid().equals(NONE)) {
      throw invalid(
          "the file system in "
              + file
              + " has the UUID "
              + superblock.uuid()
              + ", which "
              + (own ? "disks of VMs have" : "is none"),
          "give a copy of it another: `tune2fs -U random FILE`");
    }
  }

  /** A mounted file is attached to a loop device, too. */
  private static void requireDetached(Path file) throws BangerException {
    for (Path device : Trees.list(BLOCK_DEVICES)) {
      try {
        String backing = Files.readString(device.resolve("loop").resolve("backing_file")).strip();
        if (backing.equals(file.toString())) {
          throw new BangerException(
              ErrorCode.IN_USE,
              file + " is attached to /dev/" + device.getFileName(),
              "unmount it, or run `losetup -d /dev/" + device.getFileName() + "`");
        }
      } catch (IOException e) {
        // It is no loop device, or has just been detached.
      }
    }
  }

  /** What else it seems to be. */
  private static String advice(Path file) throws IOException {
    try (RandomAccessFile disk = new RandomAccessFile(file.toFile(), "r")) {
      byte[] beginning = new byte[PARTITIONED_AT + PARTITIONED.length];
      int length = Math.max(0, disk.read(beginning));
      if (Arrays.equals(Arrays.copyOf(beginning, QCOW2.length), QCOW2)) {
        return "it is a qcow2: convert it with `qemu-img convert -O raw`, then take out its root"
            + " partition";
      }
      if (length == beginning.length
          && Arrays.equals(
              Arrays.copyOfRange(beginning, PARTITIONED_AT, beginning.length), PARTITIONED)) {
        return "it is a disk with partitions: take out the one that holds the root file system";
      }
      return "name a file that `mkfs.ext4` or `mke2fs -d` made";
    }
  }

  /**
   * A whole copy at {@code target}, which must not exist; a failure or an interrupt leaves none.
   *
   * @param read told now and then up to where the file was read
   */
  public void copyTo(Path target, LongConsumer read) throws BangerException, InterruptedException {
    try {
      BasicFileAttributes before = Files.readAttributes(file, BasicFileAttributes.class);
      SparseCopy.copy(file, target, read);
      BasicFileAttributes after = Files.readAttributes(file, BasicFileAttributes.class);
      if (before.size() != after.size()
          || !before.lastModifiedTime().equals(after.lastModifiedTime())) {
        throw new BangerException(
            ErrorCode.IN_USE,
            file + " changed while it was copied",
            "end what writes to it, then try again");
      }
    } catch (ClosedByInterruptException e) {
      Thread.interrupted();
      throw new InterruptedException("while " + file + " was copied");
    } catch (IOException e) {
      throw Trees.failure("cannot copy " + file + " to " + target, e);
    }
  }

  private static BangerException invalid(String what, String hint) {
    return new BangerException(ErrorCode.INVALID, what, hint);
  }
}
