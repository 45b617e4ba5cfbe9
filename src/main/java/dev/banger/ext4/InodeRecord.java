package dev.banger.ext4;

import java.io.IOException;

/** An inode as it stands in its table (Linux, ext4/inodes.rst). */
final class InodeRecord {
  static final int LINKS_AT = 26;
  static final int I_BLOCK_AT = 40;
  static final int I_BLOCK = 60;
  private static final int CHECKSUM_LOW_AT = 124;
  private static final int CHECKSUM_HIGH_AT = 130;
  private static final int FIELDS = 160;
  private static final int USES_EXTENTS = 0x80000;
  private static final int SECTORS = Geometry.BLOCK / 512;

  private final byte[] bytes = new byte[Geometry.INODE];
  private final Little record = Little.of(bytes);
  private long blocks;

  InodeRecord(Attributes attributes, int links) {
    record.putShort(0, (short) attributes.mode());
    record
        .putShort(2, (short) attributes.owner())
        .putShort(120, (short) (attributes.owner() >>> 16));
    record
        .putShort(24, (short) attributes.group())
        .putShort(122, (short) (attributes.group() >>> 16));
    record.putShort(LINKS_AT, (short) links);
    record.putShort(128, (short) (FIELDS - 128));
    long seconds = attributes.seconds();
    int extra = (attributes.nanos() << 2) | (int) (((seconds - (int) seconds) >> 32) & 3);
    for (int at : new int[] {8, 12, 16, 144}) { // accessed, changed, modified, created
      record.putInt(at, (int) seconds);
    }
    for (int at : new int[] {132, 136, 140, 148}) {
      record.putInt(at, extra);
    }
  }

  void size(long size) {
    record.putInt(4, (int) size).putInt(108, (int) (size >>> 32));
  }

  void flags(int index) {
    record.putInt(32, record.getInt(32) | index);
  }

  /** The content of a short symbolic link, or a device's number. */
  void inline(byte[] content) {
    record.put(I_BLOCK_AT, content);
  }

  void pointer(int index, long block) {
    record.putInt(I_BLOCK_AT + 4 * index, (int) block);
  }

  void addBlocks(long count) {
    blocks += count;
  }

  void extents(Extents extents, BlockOutput output, Checksum checksum, int inode)
      throws IOException {
    extents.write(record, I_BLOCK_AT, output, checksum, inode);
    flags(USES_EXTENTS);
    blocks += extents.blocks();
  }

  void attributes(ExtendedAttributes attributes, BlockOutput output, Checksum checksum)
      throws IOException {
    if (attributes.isEmpty() || attributes.writeInInode(record, FIELDS)) {
      return;
    }
    long block = output.reserve(1);
    output.writeAt(block * Geometry.BLOCK, attributes.block(block, checksum), 0, Geometry.BLOCK);
    record.putInt(104, (int) block).putShort(118, (short) (block >>> 32));
    blocks++;
  }

  byte[] finish(Checksum checksum, int inode) {
    long sectors = blocks * SECTORS;
    record.putInt(28, (int) sectors).putShort(116, (short) (sectors >>> 32));
    sign(record, checksum, inode);
    return bytes;
  }

  /** Writes the checksum of a record whose fields were changed. */
  static void sign(Little record, Checksum checksum, int inode) {
    record.putShort(CHECKSUM_LOW_AT, (short) 0).putShort(CHECKSUM_HIGH_AT, (short) 0);
    int sum = checksum.beginFor(inode).add(record.array(), 0, Geometry.INODE).value();
    record.putShort(CHECKSUM_LOW_AT, (short) sum).putShort(CHECKSUM_HIGH_AT, (short) (sum >>> 16));
  }
}
