package dev.banger.ext4;

/**
 * Where things are in the file system: blocks of 4 KiB in groups of 128 MiB. Some groups begin with
 * a copy of the superblock and the group descriptors (feature sparse_super); that head is as long
 * as a file system of {@link #MOST_GROUPS} needs, so that it can grow to there while it is mounted.
 */
final class Geometry {
  static final int BLOCK = 4096;
  static final int BLOCKS_PER_GROUP = 8 * BLOCK;
  static final int INODES_PER_GROUP = 8192;
  static final int INODE = 256;
  static final int TABLE_BLOCKS = INODES_PER_GROUP * INODE / BLOCK;
  static final int DESCRIPTOR = 64;
  static final int DESCRIPTORS_PER_BLOCK = BLOCK / DESCRIPTOR;

  /** 1 TiB. */
  static final int MOST_GROUPS = 8192;

  static final int DESCRIPTOR_BLOCKS = MOST_GROUPS / DESCRIPTORS_PER_BLOCK;
  static final int HEAD = 1 + DESCRIPTOR_BLOCKS;

  static final int ROOT = 2;
  static final int RESIZE = 7;
  static final int JOURNAL = 8;
  static final int FIRST_INODE = 11;

  private Geometry() {}

  /** Whether the group begins with a head: 0, 1 and the powers of 3, 5 and 7. */
  static boolean hasHead(long group) {
    return group <= 1 || isPower(group, 3) || isPower(group, 5) || isPower(group, 7);
  }

  private static boolean isPower(long group, int base) {
    long power = base;
    while (power < group) {
      power *= base;
    }
    return power == group;
  }

  static int usedDescriptorBlocks(int groups) {
    return (groups + DESCRIPTORS_PER_BLOCK - 1) / DESCRIPTORS_PER_BLOCK;
  }

  static long blocks(long bytes) {
    return (bytes + BLOCK - 1) / BLOCK;
  }
}
