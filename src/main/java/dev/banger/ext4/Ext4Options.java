package dev.banger.ext4;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.UUID;

/**
 * What a file system is besides its files.
 *
 * @param label at most 16 bytes of UTF-8
 * @param seconds when it was made, since 1970; what is made is the same for the same time
 * @param smallest bytes that it has at least; it becomes a multiple of 128 MiB, most of it a hole
 */
public record Ext4Options(UUID uuid, String label, long seconds, long smallest) {
  /** Checks lengths. */
  public Ext4Options {
    if (label.getBytes(StandardCharsets.UTF_8).length > 16) {
      throw new IllegalArgumentException("a label has at most 16 bytes");
    }
  }

  /** The UUID in the order in which it is written out. */
  byte[] uuidBytes() {
    byte[] bytes = new byte[16];
    ByteBuffer.wrap(bytes)
        .putLong(uuid.getMostSignificantBits())
        .putLong(uuid.getLeastSignificantBits());
    return bytes;
  }
}
