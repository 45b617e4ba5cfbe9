package dev.banger.ext4;

import static dev.banger.ext4.Geometry.BLOCK;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Iterator;
import java.util.Map;

/**
 * Writes one file system: files in any order, their data behind each other, then the directories
 * that name them, then {@link #finish}. The same calls make the same bytes. Blocks of zeros become
 * holes. Belongs to one thread. What was closed before it was finished is no file system.
 *
 * <p>Features: has_journal, ext_attr, resize_inode, dir_index, filetype, extent, 64bit, flex_bg,
 * sparse_super, large_file, huge_file, dir_nlink, extra_isize, metadata_csum. It can be grown to 1
 * TiB, mounted or not.
 */
public final class Ext4Writer implements Closeable {
  /** The root directory's inode. */
  public static final int ROOT = Geometry.ROOT;

  /** The most names of one file. */
  public static final int MOST_LINKS = 65000;

  private static final int USES_INDEX = 0x1000;
  private static final int CHUNK = 64;
  private static final byte[] ZEROS = new byte[BLOCK];

  private final FileChannel file;
  private final Ext4Options options;
  private final Checksum checksum;
  private final BlockOutput output;
  private final InodeTables inodes;
  private final int[] hashSeed;
  private final HalfMd4 hash;
  private final byte[] chunk = new byte[CHUNK * BLOCK];

  private Ext4Writer(FileChannel file, Ext4Options options) {
    this.file = file;
    this.options = options;
    checksum = new Checksum(options.uuidBytes());
    output = new BlockOutput(file, (long) Geometry.MOST_GROUPS * Geometry.BLOCKS_PER_GROUP);
    inodes = new InodeTables(file, output);
    Little uuid = Little.of(options.uuidBytes());
    hashSeed = new int[] {~uuid.getInt(0), ~uuid.getInt(4), ~uuid.getInt(8), uuid.getInt(12) | 1};
    hash = new HalfMd4(hashSeed);
  }

  /** Begins a file system in a new file. */
  public static Ext4Writer create(Path path, Ext4Options options) throws IOException {
    FileChannel file =
        FileChannel.open(
            path,
            StandardOpenOption.CREATE_NEW,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE,
            StandardOpenOption.SPARSE);
    return new Ext4Writer(file, options);
  }

  /** Bytes of the file up to where data lies now, holes too. */
  public long length() {
    return output.end() * BLOCK;
  }

  /**
   * Writes a regular file and returns its inode.
   *
   * @param size what {@code content} must hold; it is not read on behind that
   */
  public int file(Attributes attributes, InputStream content, long size) throws IOException {
    ExtendedAttributes extended = new ExtendedAttributes(attributes.extended());
    Extents extents = new Extents();
    for (long done = 0; done < size; ) {
      int wanted = (int) Math.min(chunk.length, size - done);
      int read = content.readNBytes(chunk, 0, wanted);
      if (read < wanted) {
        throw new IOException("a file of " + size + " bytes ends after " + (done + read));
      }
      int blocks = (int) Geometry.blocks(read);
      Arrays.fill(chunk, read, blocks * BLOCK, (byte) 0);
      append(chunk, blocks, extents.from(done / BLOCK), done / BLOCK);
      done += read;
    }
    return file(attributes, extended, extents, size);
  }

  private void append(byte[] bytes, int blocks, Extents extents, long first) throws IOException {
    for (int i = 0; i < blocks; ) {
      int run = i;
      while (run < blocks && !isZero(bytes, run * BLOCK)) {
        run++;
      }
      output.append(bytes, i * BLOCK, run - i, extents.from(first + i));
      i = run;
      while (i < blocks && isZero(bytes, i * BLOCK)) {
        i++;
      }
    }
  }

  private static boolean isZero(byte[] bytes, int at) {
    return Arrays.equals(bytes, at, at + BLOCK, ZEROS, 0, BLOCK);
  }

  private int file(Attributes attributes, ExtendedAttributes extended, Extents extents, long size)
      throws IOException {
    int inode = inodes.number();
    InodeRecord record = new InodeRecord(attributes, 1);
    record.size(size);
    record.extents(extents, output, checksum, inode);
    return put(inode, record, extended, false);
  }

  private int put(int inode, InodeRecord record, ExtendedAttributes extended, boolean directory)
      throws IOException {
    record.attributes(extended, output, checksum);
    inodes.put(inode, record.finish(checksum, inode), directory);
    return inode;
  }

  /**
   * Writes a symbolic link and returns its inode.
   *
   * @param target 1 to 4095 bytes
   */
  public int symlink(Attributes attributes, byte[] target) throws IOException {
    if (target.length == 0 || target.length >= BLOCK) {
      throw new IOException("a symbolic link has 1 to 4095 bytes, not " + target.length);
    }
    ExtendedAttributes extended = new ExtendedAttributes(attributes.extended());
    if (target.length >= InodeRecord.I_BLOCK) {
      Extents extents = new Extents();
      output.append(Arrays.copyOf(target, BLOCK), 0, 1, extents);
      return file(attributes, extended, extents, target.length);
    }
    int inode = inodes.number();
    InodeRecord record = new InodeRecord(attributes, 1);
    record.size(target.length);
    record.inline(target);
    return put(inode, record, extended, false);
  }

  /** Writes a device, a fifo or a socket; the last two have no number. Returns its inode. */
  public int special(Attributes attributes, int major, int minor) throws IOException {
    ExtendedAttributes extended = new ExtendedAttributes(attributes.extended());
    int inode = inodes.number();
    InodeRecord record = new InodeRecord(attributes, 1);
    int type = attributes.type();
    if (type == Attributes.CHARACTER_DEVICE || type == Attributes.BLOCK_DEVICE) {
      if (major >>> 12 != 0 || minor >>> 20 != 0) {
        throw new IOException("there is no device number " + major + ":" + minor);
      }
      // The form with 32 bits, which is read where the one with 16 is zero
      // (include/linux/kdev_t.h).
      record.pointer(1, (minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12));
    }
    return put(inode, record, extended, false);
  }

  /** Says how many names a file has; until then it is one. At most {@link #MOST_LINKS}. */
  public void links(int inode, int count) throws IOException {
    if (count < 1 || count > MOST_LINKS) {
      throw new IOException("a file has 1 to " + MOST_LINKS + " names, not " + count);
    }
    Little record = Little.of(inodes.get(inode));
    record.putShort(InodeRecord.LINKS_AT, (short) count);
    InodeRecord.sign(record, checksum, inode);
    inodes.put(inode, record.array(), false);
  }

  /** An inode for a directory whose names will be known later. */
  public int reserveDirectory() throws IOException {
    return inodes.number();
  }

  /**
   * Writes a directory; the root is one, its own parent.
   *
   * @param entries in any order, each name once
   * @param subdirectories how many of them are directories
   */
  public void directory(
      int inode,
      int parent,
      Attributes attributes,
      Iterator<DirectoryEntry> entries,
      int subdirectories)
      throws IOException {
    ExtendedAttributes extended = new ExtendedAttributes(attributes.extended());
    Extents extents = new Extents();
    long count = 0;
    for (byte[] block : new DirectoryBlocks(checksum, hash, inode, parent).blocks(entries)) {
      output.append(block, 0, 1, extents.from(count++));
    }
    int links = 2 + subdirectories > MOST_LINKS ? 1 : 2 + subdirectories; // dir_nlink
    InodeRecord record = new InodeRecord(attributes, links);
    record.size(count * BLOCK);
    record.extents(extents, output, checksum, inode);
    if (count > 1) {
      record.flags(USES_INDEX);
    }
    put(inode, record, extended, true);
  }

  /** Takes a file back that nothing names: its blocks are free. */
  public void remove(int inode) throws IOException {
    new Removal(file, output).release(inodes.get(inode));
    inodes.release(inode);
  }

  /**
   * Writes what holds all together and closes the file, synchronised with the disk.
   *
   * @param lostAndFound the inode of the directory of that name; 0: there is none
   */
  public void finish(int lostAndFound) throws IOException {
    new Completion(options, hashSeed, checksum, file, output, inodes).write(lostAndFound);
    file.force(true);
    close();
  }

  @Override
  public void close() throws IOException {
    file.close();
  }

  /** For a directory of lost files, as fsck wants one. */
  public static Attributes lostAndFound(long seconds) {
    return new Attributes(Attributes.DIRECTORY | 0700, 0, 0, seconds, 0, Map.of());
  }
}
