package dev.banger.ext4;

import static dev.banger.ext4.Geometry.BLOCK;
import static dev.banger.ext4.Geometry.BLOCKS_PER_GROUP;
import static dev.banger.ext4.Geometry.DESCRIPTOR;
import static dev.banger.ext4.Geometry.DESCRIPTOR_BLOCKS;
import static dev.banger.ext4.Geometry.HEAD;
import static dev.banger.ext4.Geometry.INODES_PER_GROUP;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.util.Arrays;
import java.util.Map;

/** What holds a file system together, written last: journal, bitmaps, descriptors, superblocks. */
final class Completion {
  private static final int JOURNAL_MAGIC = 0xc03b3998;
  private static final int SMALLEST_JOURNAL = 4096;
  private static final int LARGEST_JOURNAL = 16384;
  private static final int INODES_ZEROED = 0x4;
  private static final int DOUBLE_INDIRECT = 13;
  private static final int POINTERS = BLOCK / 4;

  private final Ext4Options options;
  private final int[] hashSeed;
  private final Checksum checksum;
  private final FileChannel file;
  private final BlockOutput output;
  private final InodeTables inodes;
  private int groups;
  private long bitmaps;

  Completion(
      Ext4Options options,
      int[] hashSeed,
      Checksum checksum,
      FileChannel file,
      BlockOutput output,
      InodeTables inodes) {
    this.options = options;
    this.hashSeed = hashSeed;
    this.checksum = checksum;
    this.file = file;
    this.output = output;
    this.inodes = inodes;
  }

  void write(int lostAndFound) throws IOException {
    byte[] journal = journal();
    long doubleIndirect = output.reserve(1);
    settleSize();
    resizeInode(doubleIndirect);
    inodes.flush();
    output.flush();
    Superblock superblock = new Superblock(options, hashSeed, groups);
    superblock.journal(journal);
    superblock.lostAndFound(lostAndFound);
    byte[] descriptors = groups(superblock);
    heads(superblock, descriptors);
    truncate((long) groups * BLOCKS_PER_GROUP * BLOCK);
  }

  /** An empty journal: its own superblock (Linux, ext4/journal.rst), the rest a hole. */
  private byte[] journal() throws IOException {
    long blocks = output.end();
    int length = Math.clamp(blocks / 32, SMALLEST_JOURNAL, LARGEST_JOURNAL);
    length = Integer.highestOneBit(length);
    long first = output.reserve(length);
    ByteBuffer block = ByteBuffer.allocate(BLOCK).order(ByteOrder.BIG_ENDIAN);
    block.putInt(0, JOURNAL_MAGIC).putInt(4, 4).putInt(12, BLOCK).putInt(16, length);
    block.putInt(20, 1).putInt(24, 1).putInt(64, 1);
    block.put(48, options.uuidBytes());
    output.writeAt(first * BLOCK, block.array(), 0, BLOCK);
    Extents extents = new Extents();
    extents.at(0, first, length);
    InodeRecord record = new InodeRecord(own(0600), 1);
    record.size((long) length * BLOCK);
    record.extents(extents, output, checksum, Geometry.JOURNAL);
    byte[] bytes = record.finish(checksum, Geometry.JOURNAL);
    inodes.put(Geometry.JOURNAL, bytes, false);
    return bytes;
  }

  private Attributes own(int permissions) {
    return new Attributes(Attributes.REGULAR | permissions, 0, 0, options.seconds(), 0, Map.of());
  }

  /** Each group needs a table and two bitmaps, which need room, which may need another group. */
  private void settleSize() throws IOException {
    long smallest = Geometry.blocks(options.smallest());
    groups = groupsFor(Math.max(smallest, output.end()));
    while (true) {
      groups = Math.max(groups, inodes.groups());
      inodes.need(groups);
      bitmaps = output.reserve(2 * groups);
      int needed = groupsFor(output.end());
      if (needed <= groups) {
        return;
      }
      output.release(bitmaps, 2L * groups);
      groups = needed;
    }
  }

  private static int groupsFor(long blocks) throws IOException {
    long groups = (blocks + BLOCKS_PER_GROUP - 1) / BLOCKS_PER_GROUP;
    if (groups > Geometry.MOST_GROUPS) {
      throw new IOException("the file system would be larger than 1 TiB");
    }
    return (int) groups;
  }

  /**
   * The blocks into which the descriptors grow belong to an inode: in each of them stands where its
   * copies are (e2fsprogs, lib/ext2fs/res_gdt.c).
   */
  private void resizeInode(long doubleIndirect) throws IOException {
    InodeRecord record = new InodeRecord(own(0600), 1);
    record.size(((long) POINTERS * POINTERS + POINTERS + 12) * BLOCK);
    record.pointer(DOUBLE_INDIRECT, doubleIndirect);
    byte[] table = new byte[BLOCK];
    Little pointers = Little.of(table);
    long blocks = 1;
    for (int i = Geometry.usedDescriptorBlocks(groups); i < DESCRIPTOR_BLOCKS; i++) {
      int block = 1 + i;
      pointers.putInt(4 * i, block);
      byte[] list = new byte[BLOCK];
      Little copies = Little.of(list);
      int count = 0;
      for (int group = 1; group < groups; group++) {
        if (Geometry.hasHead(group)) {
          copies.putInt(4 * count++, group * BLOCKS_PER_GROUP + block);
        }
      }
      if (count > 0) {
        output.writeAt((long) block * BLOCK, list, 0, BLOCK);
      }
      blocks += 1 + count;
    }
    output.writeAt(doubleIndirect * BLOCK, table, 0, BLOCK);
    record.addBlocks(blocks);
    inodes.put(Geometry.RESIZE, record.finish(checksum, Geometry.RESIZE), false);
  }

  /** Writes all bitmaps and returns the descriptors. */
  private byte[] groups(Superblock superblock) throws IOException {
    byte[] descriptors = new byte[Geometry.usedDescriptorBlocks(groups) * BLOCK];
    long freeBlocks = 0;
    int freeInodes = 0;
    for (int group = 0; group < groups; group++) {
      byte[] blockBitmap = blockBitmap(group);
      byte[] inodeBitmap = inodeBitmap(group);
      output.writeAt((bitmaps + group) * BLOCK, blockBitmap, 0, BLOCK);
      output.writeAt((bitmaps + groups + group) * BLOCK, inodeBitmap, 0, BLOCK);
      int blocks = zeros(blockBitmap, BLOCK);
      int free = zeros(inodeBitmap, INODES_PER_GROUP / 8);
      describe(descriptors, group, blocks, free, blockBitmap, inodeBitmap);
      freeBlocks += blocks;
      freeInodes += free;
    }
    superblock.free(freeBlocks, freeInodes);
    return descriptors;
  }

  private void describe(
      byte[] descriptors, int group, int blocks, int free, byte[] blockBitmap, byte[] inodeBitmap) {
    Little all = Little.of(descriptors);
    int at = group * DESCRIPTOR;
    put48(all, at, 0x20, bitmaps + group);
    put48(all, at + 4, 0x20, bitmaps + groups + group);
    put48(all, at + 8, 0x20, inodes.table(group));
    all.putShort(at + 0x0c, (short) blocks).putShort(at + 0x2c, (short) (blocks >>> 16));
    all.putShort(at + 0x0e, (short) free).putShort(at + 0x10, (short) inodes.directories(group));
    all.putShort(at + 0x12, (short) INODES_ZEROED);
    int first = group * INODES_PER_GROUP + 1;
    int untouched =
        Math.clamp(first + (long) INODES_PER_GROUP - 1 - inodes.last(), 0, INODES_PER_GROUP);
    all.putShort(at + 0x1c, (short) untouched);
    int blockSum = checksum.begin().add(blockBitmap, 0, BLOCK).value();
    int inodeSum = checksum.begin().add(inodeBitmap, 0, INODES_PER_GROUP / 8).value();
    all.putShort(at + 0x18, (short) blockSum).putShort(at + 0x38, (short) (blockSum >>> 16));
    all.putShort(at + 0x1a, (short) inodeSum).putShort(at + 0x3a, (short) (inodeSum >>> 16));
    int sum = checksum.begin().add(group).add(descriptors, at, DESCRIPTOR).value();
    all.putShort(at + 0x1e, (short) sum);
  }

  private static void put48(Little all, int at, int toHigh, long value) {
    all.putInt(at, (int) value).putInt(at + toHigh, (int) (value >>> 32));
  }

  private byte[] blockBitmap(int group) {
    byte[] bitmap = new byte[BLOCK];
    long first = (long) group * BLOCKS_PER_GROUP;
    if (output.end() > first) {
      set(bitmap, 0, (int) Math.min(BLOCKS_PER_GROUP, output.end() - first), true);
    } else if (Geometry.hasHead(group)) {
      set(bitmap, 0, HEAD, true);
    }
    // A free run may begin in the group before: none is longer than a whole group.
    for (Map.Entry<Long, Long> run :
        output.freeRuns().subMap(first - BLOCKS_PER_GROUP, first + BLOCKS_PER_GROUP).entrySet()) {
      long from = Math.max(run.getKey(), first);
      long to = Math.min(run.getKey() + run.getValue(), first + BLOCKS_PER_GROUP);
      if (from < to) {
        set(bitmap, (int) (from - first), (int) (to - first), false);
      }
    }
    return bitmap;
  }

  private byte[] inodeBitmap(int group) {
    byte[] bitmap = new byte[BLOCK];
    Arrays.fill(bitmap, INODES_PER_GROUP / 8, BLOCK, (byte) 0xff);
    for (int i = 0; i < INODES_PER_GROUP; i++) {
      if (!inodes.isFree(group * INODES_PER_GROUP + 1 + i)) {
        bitmap[i / 8] |= (byte) (1 << i % 8);
      }
    }
    return bitmap;
  }

  private static void set(byte[] bitmap, int from, int to, boolean value) {
    for (int i = from; i < to; i++) {
      if (value && i % 8 == 0 && to - i >= 8) {
        bitmap[i / 8] = (byte) 0xff;
        i += 7;
      } else if (value) {
        bitmap[i / 8] |= (byte) (1 << i % 8);
      } else {
        bitmap[i / 8] &= (byte) ~(1 << i % 8);
      }
    }
  }

  private static int zeros(byte[] bitmap, int length) {
    int ones = 0;
    for (int i = 0; i < length; i++) {
      ones += Integer.bitCount(bitmap[i] & 0xff);
    }
    return 8 * length - ones;
  }

  private void heads(Superblock superblock, byte[] descriptors) throws IOException {
    for (int group = 0; group < groups; group++) {
      if (Geometry.hasHead(group)) {
        long at = (long) group * BLOCKS_PER_GROUP * BLOCK;
        byte[] bytes = superblock.bytes(group);
        output.writeAt(group == 0 ? Superblock.LENGTH : at, bytes, 0, bytes.length);
        output.writeAt(at + BLOCK, descriptors, 0, descriptors.length);
      }
    }
  }

  private void truncate(long length) throws IOException {
    if (file.size() < length) {
      file.write(ByteBuffer.allocate(1), length - 1);
    }
  }
}
