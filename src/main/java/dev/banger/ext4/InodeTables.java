package dev.banger.ext4;

import static dev.banger.ext4.Geometry.BLOCK;
import static dev.banger.ext4.Geometry.INODE;
import static dev.banger.ext4.Geometry.INODES_PER_GROUP;
import static dev.banger.ext4.Geometry.TABLE_BLOCKS;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * The inodes' tables, one a group, which lie where the writer was when they became needed (feature
 * flex_bg). Records mostly come in the order of their numbers and are written in large pieces.
 */
final class InodeTables {
  private static final int WINDOW = 256;

  private final FileChannel file;
  private final BlockOutput output;
  private final List<Long> tables = new ArrayList<>();
  private final BitSet directories = new BitSet();
  private final BitSet free = new BitSet();
  private final byte[] window = new byte[WINDOW * INODE];
  private int windowFirst = 1;
  private int last = Geometry.FIRST_INODE - 1;
  private boolean changed;

  InodeTables(FileChannel file, BlockOutput output) {
    this.file = file;
    this.output = output;
  }

  /** The next number, for which a record must follow. */
  int number() throws IOException {
    if (last == Integer.MAX_VALUE - 1) {
      throw new IOException("too many files");
    }
    last++;
    need(1 + (last - 1) / INODES_PER_GROUP);
    return last;
  }

  int last() {
    return last;
  }

  /** Tables for so many groups. */
  void need(int groups) throws IOException {
    while (tables.size() < groups) {
      tables.add(output.reserve(TABLE_BLOCKS));
    }
  }

  long table(int group) {
    return tables.get(group);
  }

  int groups() {
    return tables.size();
  }

  boolean isFree(int inode) {
    return inode > last || free.get(inode);
  }

  int directories(int group) {
    int from = group * INODES_PER_GROUP + 1;
    return directories.get(from, from + INODES_PER_GROUP).cardinality();
  }

  void put(int inode, byte[] record, boolean directory) throws IOException {
    need(1 + (inode - 1) / INODES_PER_GROUP);
    load(inode);
    System.arraycopy(record, 0, window, (inode - windowFirst) * INODE, INODE);
    changed = true;
    directories.set(inode, directory);
  }

  /** The record, to be changed and put again. */
  byte[] get(int inode) throws IOException {
    load(inode);
    byte[] record = new byte[INODE];
    System.arraycopy(window, (inode - windowFirst) * INODE, record, 0, INODE);
    return record;
  }

  void release(int inode) throws IOException {
    put(inode, new byte[INODE], false);
    free.set(inode);
  }

  void flush() throws IOException {
    if (changed) {
      output.writeAt(position(windowFirst), window, 0, window.length);
      changed = false;
    }
  }

  private void load(int inode) throws IOException {
    int first = (inode - 1) / WINDOW * WINDOW + 1;
    if (first == windowFirst) {
      return;
    }
    flush();
    windowFirst = first;
    ByteBuffer target = ByteBuffer.wrap(window);
    long position = position(first);
    while (target.hasRemaining()) {
      int read = file.read(target, position + target.position());
      if (read < 0) {
        break;
      }
    }
    while (target.hasRemaining()) {
      target.put((byte) 0);
    }
  }

  private long position(int inode) {
    int index = (inode - 1) % INODES_PER_GROUP;
    return tables.get((inode - 1) / INODES_PER_GROUP) * BLOCK + (long) index * INODE;
  }
}
