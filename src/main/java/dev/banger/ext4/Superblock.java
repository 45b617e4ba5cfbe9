package dev.banger.ext4;

import static dev.banger.ext4.Geometry.BLOCKS_PER_GROUP;
import static dev.banger.ext4.Geometry.DESCRIPTOR;
import static dev.banger.ext4.Geometry.DESCRIPTOR_BLOCKS;
import static dev.banger.ext4.Geometry.INODES_PER_GROUP;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** The superblock (Linux, ext4/super.rst). */
final class Superblock {
  static final int LENGTH = 1024;
  private static final int HAS_JOURNAL = 0x4;
  private static final int EXTENDED_ATTRIBUTES = 0x8;
  private static final int RESIZE_INODE = 0x10;
  private static final int DIR_INDEX = 0x20;
  private static final int FILETYPE = 0x2;
  private static final int EXTENTS = 0x40;
  private static final int BITS_64 = 0x80;
  private static final int FLEX_BG = 0x200;
  private static final int SPARSE_SUPER = 0x1;
  private static final int LARGE_FILE = 0x2;
  private static final int HUGE_FILE = 0x8;
  private static final int DIR_NLINK = 0x20;
  private static final int EXTRA_ISIZE = 0x40;
  private static final int METADATA_CSUM = 0x400;

  private final Little block = Little.of(new byte[LENGTH]);

  Superblock(Ext4Options options, int[] hashSeed, int groups) {
    int used = Geometry.usedDescriptorBlocks(groups);
    block.putInt(0x00, groups * INODES_PER_GROUP);
    long blocks = (long) groups * BLOCKS_PER_GROUP;
    block.putInt(0x04, (int) blocks).putInt(0x150, (int) (blocks >>> 32));
    block.putInt(0x18, 2).putInt(0x1c, 2); // 1024 << 2
    block.putInt(0x20, BLOCKS_PER_GROUP).putInt(0x24, BLOCKS_PER_GROUP);
    block.putInt(0x28, INODES_PER_GROUP).putInt(0x30, (int) options.seconds());
    block.putShort(0x36, (short) -1).putShort(0x38, (short) 0xef53);
    block.putShort(0x3a, (short) 1).putShort(0x3c, (short) 1); // clean; go on after errors
    block.putInt(0x40, (int) options.seconds()).putInt(0x4c, 1);
    block.putInt(0x54, Geometry.FIRST_INODE).putShort(0x58, (short) Geometry.INODE);
    block.putInt(0x5c, HAS_JOURNAL | EXTENDED_ATTRIBUTES | RESIZE_INODE | DIR_INDEX);
    block.putInt(0x60, FILETYPE | EXTENTS | BITS_64 | FLEX_BG);
    block.putInt(
        0x64, SPARSE_SUPER | LARGE_FILE | HUGE_FILE | DIR_NLINK | EXTRA_ISIZE | METADATA_CSUM);
    block.put(0x68, options.uuidBytes());
    block.put(0x78, Arrays.copyOf(options.label().getBytes(StandardCharsets.UTF_8), 16));
    block.putShort(0xce, (short) (DESCRIPTOR_BLOCKS - used));
    block.putInt(0xe0, Geometry.JOURNAL);
    for (int i = 0; i < 4; i++) {
      block.putInt(0xec + 4 * i, hashSeed[i]);
    }
    block.put(0xfc, (byte) 1).put(0xfd, (byte) 1); // half MD4; the journal's inode is below
    block.putShort(0xfe, (short) DESCRIPTOR);
    block.putInt(0x100, 0xc).putInt(0x108, (int) options.seconds()); // user_xattr, acl
    block.putShort(0x15c, (short) 32).putShort(0x15e, (short) 32);
    block.putInt(0x160, 2); // directories are hashed over unsigned characters
    block.put(0x174, (byte) 4).put(0x175, (byte) 1); // 16 groups stand together; CRC-32C
  }

  void free(long blocks, int inodes) {
    block.putInt(0x0c, (int) blocks).putInt(0x158, (int) (blocks >>> 32)).putInt(0x10, inodes);
  }

  /** A copy of where the journal is, for when its inode is lost. */
  void journal(byte[] inode) {
    block.put(0x10c, inode, InodeRecord.I_BLOCK_AT, InodeRecord.I_BLOCK);
    block.put(0x10c + 60, inode, 108, 4).put(0x10c + 64, inode, 4, 4);
  }

  void lostAndFound(int inode) {
    block.putInt(0x268, inode);
  }

  /** Its bytes as they stand in that group. */
  byte[] bytes(int group) {
    block.putShort(0x5a, (short) group);
    block.putInt(0x3fc, new Checksum.Sum().add(block.array(), 0, 0x3fc).value());
    return block.array();
  }
}
