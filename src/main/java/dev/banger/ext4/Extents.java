package dev.banger.ext4;

import static dev.banger.ext4.Geometry.BLOCK;

import java.io.IOException;
import java.util.Arrays;

/** Where the blocks of one file are, and the tree that says so (Linux, ext4/ifork.rst). */
final class Extents implements BlockOutput.Placed {
  private static final int MAGIC = 0xf30a;
  private static final int HEADER = 12;
  private static final int ENTRY = 12;
  private static final int IN_INODE = 4;
  private static final int IN_BLOCK = (BLOCK - HEADER - 4) / ENTRY;
  private static final int LONGEST = 32768;

  private long base;
  private long[] logical = new long[4];
  private long[] physical = new long[4];
  private int[] length = new int[4];
  private int count;
  private long blocks;

  /** Runs that follow are counted from here. */
  Extents from(long index) {
    base = index;
    return this;
  }

  /** Runs must come in the order of the file. */
  @Override
  public void at(long index, long block, int run) {
    long first = base + index;
    blocks += run;
    while (run > 0) {
      boolean joins =
          count > 0
              && logical[count - 1] + length[count - 1] == first
              && physical[count - 1] + length[count - 1] == block
              && length[count - 1] < LONGEST;
      if (!joins) {
        addEmpty(first, block);
      }
      int fits = Math.min(run, LONGEST - length[count - 1]);
      length[count - 1] += fits;
      first += fits;
      block += fits;
      run -= fits;
    }
  }

  private void addEmpty(long first, long block) {
    if (count == length.length) {
      logical = Arrays.copyOf(logical, 2 * count);
      physical = Arrays.copyOf(physical, 2 * count);
      length = Arrays.copyOf(length, 2 * count);
    }
    logical[count] = first;
    physical[count] = block;
    length[count] = 0;
    count++;
  }

  /** Blocks of data and, once {@link #write} was called, of the tree. */
  long blocks() {
    return blocks;
  }

  void release(BlockOutput output) {
    for (int i = 0; i < count; i++) {
      output.release(physical[i], length[i]);
    }
  }

  /** Writes the tree's blocks, its root into the inode's {@code i_block}. */
  void write(Little root, int rootAt, BlockOutput output, Checksum checksum, int inode)
      throws IOException {
    long[] first = logical;
    long[] block = physical;
    int nodes = count;
    int depth = 0;
    while (nodes > IN_INODE) {
      int parents = (nodes + IN_BLOCK - 1) / IN_BLOCK;
      long[] parentFirst = new long[parents];
      long[] parentBlock = new long[parents];
      for (int i = 0; i < parents; i++) {
        int from = i * IN_BLOCK;
        Little node = Little.block();
        fill(node, 0, depth, IN_BLOCK, first, block, from, Math.min(nodes, from + IN_BLOCK));
        int sum = checksum.beginFor(inode).add(node.array(), 0, BLOCK - 4).value();
        node.putInt(BLOCK - 4, sum);
        parentFirst[i] = first[from];
        parentBlock[i] = output.append(node.array());
      }
      blocks += parents;
      first = parentFirst;
      block = parentBlock;
      nodes = parents;
      depth++;
    }
    fill(root, rootAt, depth, IN_INODE, first, block, 0, nodes);
  }

  private void fill(
      Little node, int at, int depth, int most, long[] first, long[] block, int from, int to) {
    node.putShort(at, (short) MAGIC).putShort(at + 2, (short) (to - from));
    node.putShort(at + 4, (short) most).putShort(at + 6, (short) depth).putInt(at + 8, 0);
    for (int i = from; i < to; i++) {
      int entry = at + HEADER + (i - from) * ENTRY;
      node.putInt(entry, (int) first[i]);
      if (depth == 0) {
        node.putShort(entry + 4, (short) length[i]);
        node.putShort(entry + 6, (short) (block[i] >>> 32)).putInt(entry + 8, (int) block[i]);
      } else {
        node.putInt(entry + 4, (int) block[i]).putShort(entry + 8, (short) (block[i] >>> 32));
      }
    }
  }
}
