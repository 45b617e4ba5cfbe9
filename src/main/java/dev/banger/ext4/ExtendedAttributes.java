package dev.banger.ext4;

import static dev.banger.ext4.Geometry.BLOCK;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * One file's extended attributes, in its inode as far as they fit there together, else in a block
 * of their own (Linux, ext4/attributes.rst).
 */
final class ExtendedAttributes {
  private static final int MAGIC = 0xea020000;
  private static final int BLOCK_HEADER = 32;
  private static final int ENTRY = 16;

  /** Prefixes that are written as a number, longest first. */
  private static final List<Map.Entry<String, Integer>> PREFIXES =
      List.of(
          Map.entry("system.posix_acl_default", 3),
          Map.entry("system.posix_acl_access", 2),
          Map.entry("security.", 6),
          Map.entry("trusted.", 4),
          Map.entry("system.", 7),
          Map.entry("user.", 1));

  private static final class Entry {
    private final int index;
    private final byte[] name;
    private final byte[] value;

    Entry(int index, byte[] name, byte[] value) {
      this.index = index;
      this.name = name;
      this.value = value;
    }

    int index() {
      return index;
    }

    byte[] name() {
      return name;
    }

    byte[] value() {
      return value;
    }

    int length() {
      return padded(ENTRY + name.length);
    }
  }

  private final List<Entry> entries = new ArrayList<>();

  /**
   * @throws IOException a name has no prefix that ext4 knows, or a value is no POSIX ACL, or all of
   *     them do not fit into a block
   */
  ExtendedAttributes(Map<String, byte[]> attributes) throws IOException {
    for (Map.Entry<String, byte[]> attribute : attributes.entrySet()) {
      entries.add(entry(attribute.getKey(), attribute.getValue()));
    }
    entries.sort(
        Comparator.comparingInt(Entry::index)
            .thenComparingInt(e -> e.name().length)
            .thenComparing(Entry::name, Arrays::compareUnsigned));
    if (!fit(BLOCK - BLOCK_HEADER)) {
      throw new IOException(
          "the extended attributes "
              + String.join(", ", attributes.keySet())
              + " are larger than a block together");
    }
  }

  boolean isEmpty() {
    return entries.isEmpty();
  }

  /** Whether they, with the end of their list, take no more than so many bytes. */
  private boolean fit(int room) {
    int needed = 4;
    for (Entry entry : entries) {
      needed += entry.length() + padded(entry.value().length);
    }
    return needed <= room;
  }

  /** Writes all of them behind the inode's fields; false, and nothing is written: no room. */
  boolean writeInInode(Little inode, int at) {
    int room = Geometry.INODE - at - 4;
    if (!fit(room)) {
      return false;
    }
    inode.putInt(at, MAGIC);
    fill(inode, at + 4, at + 4, Geometry.INODE);
    return true;
  }

  /** A block of attributes that will lie there. */
  byte[] block(long number, Checksum checksum) {
    Little block = Little.block();
    block.putInt(0, MAGIC).putInt(4, 1).putInt(8, 1);
    block.putInt(12, fill(block, BLOCK_HEADER, 0, BLOCK));
    block.putInt(16, checksum.begin().add(number).add(block.array(), 0, BLOCK).value());
    return block.array();
  }

  /** Values grow down from the end; where they are is told from {@code base} on. */
  private int fill(Little buffer, int at, int base, int end) {
    int all = 0;
    for (Entry entry : entries) {
      int stored = entry.value().length;
      end -= padded(stored);
      buffer.put(end, entry.value());
      int hash = hash(buffer, entry, end);
      buffer.put(at, (byte) entry.name().length).put(at + 1, (byte) entry.index());
      buffer.putShort(at + 2, (short) (stored == 0 ? 0 : end - base)).putInt(at + 4, 0);
      buffer.putInt(at + 8, stored).putInt(at + 12, hash).put(at + ENTRY, entry.name());
      at += entry.length();
      all = Integer.rotateLeft(all, 16) ^ hash;
    }
    return all;
  }

  private static int hash(Little buffer, Entry entry, int valueAt) {
    int hash = 0;
    for (byte b : entry.name()) {
      hash = Integer.rotateLeft(hash, 5) ^ (b & 0xff);
    }
    for (int i = 0; i < padded(entry.value().length); i += 4) {
      hash = Integer.rotateLeft(hash, 16) ^ buffer.getInt(valueAt + i);
    }
    return hash;
  }

  private static Entry entry(String name, byte[] value) throws IOException {
    for (Map.Entry<String, Integer> prefix : PREFIXES) {
      if (!name.startsWith(prefix.getKey())) {
        continue;
      }
      byte[] rest = name.substring(prefix.getKey().length()).getBytes(StandardCharsets.UTF_8);
      boolean whole = !prefix.getKey().endsWith(".");
      if (rest.length > 255 || whole != (rest.length == 0)) {
        break;
      }
      return new Entry(prefix.getValue(), rest, whole ? acl(name, value) : value);
    }
    throw new IOException("there is no extended attribute '" + name + "'");
  }

  /** From the form of getxattr(2) to the one on the disk (Linux, fs/ext4/acl.c). */
  private static byte[] acl(String name, byte[] value) throws IOException {
    if (value.length < 4 || (value.length - 4) % 8 != 0 || Little.of(value).getInt(0) != 2) {
      throw new IOException("the value of " + name + " is no POSIX ACL");
    }
    Little from = Little.of(value);
    Little to = Little.of(new byte[value.length]).putInt(0, 1);
    int at = 4;
    for (int entry = 4; entry < value.length; entry += 8) {
      short tag = from.getShort(entry);
      to.putShort(at, tag).putShort(at + 2, from.getShort(entry + 2));
      at += 4;
      if (tag == 2 || tag == 8) {
        to.putInt(at, from.getInt(entry + 4));
        at += 4;
      }
    }
    return Arrays.copyOf(to.array(), at);
  }

  private static int padded(int length) {
    return (length + 3) & ~3;
  }
}
