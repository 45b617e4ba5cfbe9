package dev.banger.ext4;

import static dev.banger.ext4.Geometry.BLOCK;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/** Gives back the blocks of an inode that was written. */
final class Removal {
  private static final int USES_EXTENTS = 0x80000;

  private final FileChannel file;
  private final BlockOutput output;

  Removal(FileChannel file, BlockOutput output) {
    this.file = file;
    this.output = output;
  }

  void release(byte[] record) throws IOException {
    Little inode = Little.of(record);
    if ((inode.getInt(32) & USES_EXTENTS) != 0) {
      release(inode, InodeRecord.I_BLOCK_AT);
    }
    long attributes =
        Integer.toUnsignedLong(inode.getInt(104)) | ((long) inode.getShort(118) << 32);
    if (attributes != 0) {
      output.release(attributes, 1);
    }
  }

  private void release(Little node, int at) throws IOException {
    int entries = node.getShort(at + 2);
    int depth = node.getShort(at + 6);
    for (int i = 0; i < entries; i++) {
      int entry = at + 12 + 12 * i;
      if (depth == 0) {
        long high = Short.toUnsignedLong(node.getShort(entry + 6));
        long block = (high << 32) | Integer.toUnsignedLong(node.getInt(entry + 8));
        output.release(block, Short.toUnsignedInt(node.getShort(entry + 4)));
      } else {
        long high = Short.toUnsignedLong(node.getShort(entry + 8));
        long block = (high << 32) | Integer.toUnsignedLong(node.getInt(entry + 4));
        release(read(block), 0);
        output.release(block, 1);
      }
    }
  }

  private Little read(long block) throws IOException {
    output.flush();
    byte[] bytes = new byte[BLOCK];
    ByteBuffer target = ByteBuffer.wrap(bytes);
    while (target.hasRemaining() && file.read(target, block * BLOCK + target.position()) >= 0) {
      // until it is whole
    }
    return Little.of(bytes);
  }
}
