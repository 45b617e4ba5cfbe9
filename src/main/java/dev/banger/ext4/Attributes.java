package dev.banger.ext4;

import java.util.Map;

/**
 * What a file is besides its content.
 *
 * @param mode type and permissions, as st_mode: 0100644 is a regular file
 * @param owner 32 bits, unsigned
 * @param group 32 bits, unsigned
 * @param seconds modification time, since 1970; from -2^31 to 2^34 - 2^31 - 1
 * @param nanos 0 to 999,999,999
 * @param extended extended attributes by their full names, as "security.capability"; POSIX ACLs as
 *     getxattr(2) gives them
 */
public record Attributes(
    int mode, int owner, int group, long seconds, int nanos, Map<String, byte[]> extended) {
  public static final int TYPE = 0170000;
  public static final int SOCKET = 0140000;
  public static final int SYMLINK = 0120000;
  public static final int REGULAR = 0100000;
  public static final int BLOCK_DEVICE = 0060000;
  public static final int DIRECTORY = 0040000;
  public static final int CHARACTER_DEVICE = 0020000;
  public static final int FIFO = 0010000;

  /** The same with a time that an inode can hold, and with no more mode bits than there are. */
  public Attributes {
    long earliest = Integer.MIN_VALUE;
    long latest = (1L << 34) + Integer.MIN_VALUE - 1;
    seconds = Math.clamp(seconds, earliest, latest);
    nanos = Math.clamp(nanos, 0, 999_999_999);
    mode &= TYPE | 07777;
    extended = Map.copyOf(extended);
  }

  public int type() {
    return mode & TYPE;
  }
}
