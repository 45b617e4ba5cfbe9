package dev.banger.image.disk;

import dev.banger.model.ByteSize;
import java.io.EOFException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Optional;
import java.util.UUID;

/**
 * What an ext2, 3 or 4 says of itself (Documentation/filesystems/ext4).
 *
 * @param size what the file system fills
 * @param clean it was unmounted in order: its journal holds nothing that is not in place
 * @param mountable it is no journal of another file system
 */
record Superblock(ByteSize size, UUID uuid, boolean clean, boolean mountable) {
  private static final int AT = 1024;
  private static final int SIZE = 1024;
  private static final int BLOCKS_LOW = 0x4;
  private static final int LOG_BLOCK_SIZE = 0x18;
  private static final int MAGIC_AT = 0x38;
  private static final int STATE = 0x3A;
  private static final int INCOMPATIBLE = 0x60;
  private static final int UUID_AT = 0x68;
  private static final int BLOCKS_HIGH = 0x150;
  private static final short MAGIC = (short) 0xEF53;
  private static final int LEAST_BLOCK = 1024;
  private static final int MOST_LOG_BLOCK_SIZE = 6;
  private static final int STATE_CLEAN = 0x1;
  private static final int NEEDS_RECOVERY = 0x4;
  private static final int JOURNAL_DEVICE = 0x8;

  /** Empty: there is none on this disk. */
  static Optional<Superblock> read(Path disk) throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(disk.toFile(), "r")) {
      byte[] bytes = new byte[SIZE];
      file.seek(AT);
      file.readFully(bytes);
      return of(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN));
    } catch (EOFException e) {
      return Optional.empty();
    }
  }

  private static Optional<Superblock> of(ByteBuffer block) {
    int log = block.getInt(LOG_BLOCK_SIZE);
    if (block.getShort(MAGIC_AT) != MAGIC || log < 0 || log > MOST_LOG_BLOCK_SIZE) {
      return Optional.empty();
    }
    long blocks =
        Integer.toUnsignedLong(block.getInt(BLOCKS_LOW))
            | Integer.toUnsignedLong(block.getInt(BLOCKS_HIGH)) << Integer.SIZE;
    int incompatible = block.getInt(INCOMPATIBLE);
    if (blocks < 0 || blocks > Long.MAX_VALUE >> (10 + log)) {
      return Optional.empty();
    }
    ByteBuffer uuid = block.duplicate().order(ByteOrder.BIG_ENDIAN);
    return Optional.of(
        new Superblock(
            new ByteSize(blocks * ((long) LEAST_BLOCK << log)),
            new UUID(uuid.getLong(UUID_AT), uuid.getLong(UUID_AT + Long.BYTES)),
            (block.getShort(STATE) & STATE_CLEAN) != 0 && (incompatible & NEEDS_RECOVERY) == 0,
            (incompatible & JOURNAL_DEVICE) == 0));
  }
}
