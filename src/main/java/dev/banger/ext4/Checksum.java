package dev.banger.ext4;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/**
 * ext4's metadata checksum: CRC-32C that begins at all ones and is not inverted at its end. All but
 * the superblock's begin with the file system's UUID (Linux,
 * Documentation/filesystems/ext4/checksums.rst).
 */
final class Checksum {
  private final byte[] uuid;

  Checksum(byte[] uuid) {
    this.uuid = uuid.clone();
  }

  /** A checksum under way. */
  static final class Sum {
    private final CRC32C crc = new CRC32C();
    private final ByteBuffer number = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);

    Sum add(byte[] bytes, int offset, int length) {
      crc.update(bytes, offset, length);
      return this;
    }

    Sum add(int value) {
      number.clear().putInt(value);
      crc.update(number.array(), 0, 4);
      return this;
    }

    Sum add(long value) {
      number.clear().putLong(value);
      crc.update(number.array(), 0, 8);
      return this;
    }

    int value() {
      return (int) ~crc.getValue();
    }
  }

  Sum begin() {
    return new Sum().add(uuid, 0, uuid.length);
  }

  /** Of what belongs to an inode: its record, its directory blocks, its extent blocks. */
  Sum beginFor(int inode) {
    return begin().add(inode).add(0); // the second is its generation, always 0 here
  }
}
