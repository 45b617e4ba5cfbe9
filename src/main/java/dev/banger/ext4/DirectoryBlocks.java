package dev.banger.ext4;

import static dev.banger.ext4.Geometry.BLOCK;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;

/**
 * A directory's content: one block of names, or, where they need more, an index by hash over blocks
 * of names (Linux, ext4/directory.rst).
 */
final class DirectoryBlocks {
  private static final int TAIL = 12;
  private static final int NAMES = BLOCK - TAIL;
  private static final int TAIL_TYPE = 0xde;
  private static final int HALF_MD4 = 1;
  private static final int ROOT_ENTRIES_AT = 32;
  private static final int NODE_ENTRIES_AT = 8;

  private record Hashed(int hash, DirectoryEntry entry) {}

  private final Checksum checksum;
  private final HalfMd4 hash;
  private final int inode;
  private final int parent;

  DirectoryBlocks(Checksum checksum, HalfMd4 hash, int inode, int parent) {
    this.checksum = checksum;
    this.hash = hash;
    this.inode = inode;
    this.parent = parent;
  }

  /** All blocks in their order; more than one: the first is the index's root. */
  List<byte[]> blocks(Iterator<DirectoryEntry> entries) {
    List<DirectoryEntry> all = new ArrayList<>();
    int length = 2 * 12;
    while (entries.hasNext()) {
      DirectoryEntry entry = entries.next();
      all.add(entry);
      length = Math.addExact(length, entry.length());
    }
    if (length <= NAMES) {
      return List.of(single(all));
    }
    return indexed(all);
  }

  private byte[] single(List<DirectoryEntry> entries) {
    Little block = Little.block();
    int at = put(block, 0, inode, Attributes.DIRECTORY, new byte[] {'.'});
    int last = at;
    at = put(block, at, parent, Attributes.DIRECTORY, new byte[] {'.', '.'});
    for (DirectoryEntry entry : entries) {
      last = at;
      at = put(block, at, entry.inode(), entry.type(), entry.name());
    }
    return sealed(block, last);
  }

  /** The entry at {@code last} takes what is left, and the checksum follows it. */
  private byte[] sealed(Little block, int last) {
    block.putShort(last + 4, (short) (NAMES - last));
    block.putShort(NAMES + 4, (short) TAIL).put(NAMES + 7, (byte) TAIL_TYPE);
    block.putInt(NAMES + 8, checksum.beginFor(inode).add(block.array(), 0, NAMES).value());
    return block.array();
  }

  private static int put(Little block, int at, int inode, int type, byte[] name) {
    int length = 8 + ((name.length + 3) & ~3);
    block.putInt(at, inode).putShort(at + 4, (short) length).put(at + 6, (byte) name.length);
    block.put(at + 7, (byte) DirectoryEntry.code(type)).put(at + 8, name);
    return at + length;
  }

  private List<byte[]> indexed(List<DirectoryEntry> entries) {
    List<Hashed> sorted = new ArrayList<>(entries.size());
    for (DirectoryEntry entry : entries) {
      sorted.add(new Hashed(hash.hash(entry.name()), entry));
    }
    sorted.sort(Comparator.comparing(Hashed::hash, Integer::compareUnsigned));
    List<byte[]> leaves = new ArrayList<>();
    int[] firsts = fillLeaves(sorted, leaves);
    int roomInRoot = (BLOCK - ROOT_ENTRIES_AT) / 8 - 1;
    List<byte[]> nodes = new ArrayList<>();
    int[] rootHashes = firsts;
    if (leaves.size() > roomInRoot) {
      int roomInNode = (BLOCK - NODE_ENTRIES_AT) / 8 - 1;
      int count = (leaves.size() + roomInNode - 1) / roomInNode;
      rootHashes = new int[count];
      for (int i = 0; i < count; i++) {
        int from = i * roomInNode;
        rootHashes[i] = firsts[from];
        int to = Math.min(leaves.size(), from + roomInNode);
        nodes.add(node(firsts, from, to, 1 + count));
      }
    }
    List<byte[]> blocks = new ArrayList<>(1 + nodes.size() + leaves.size());
    blocks.add(root(rootHashes, nodes.isEmpty() ? 0 : 1));
    blocks.addAll(nodes);
    blocks.addAll(leaves);
    return blocks;
  }

  /**
   * Returns each leaf's smallest hash, odd where names of that hash stand in the leaf before, too.
   */
  private int[] fillLeaves(List<Hashed> sorted, List<byte[]> leaves) {
    List<Integer> firsts = new ArrayList<>();
    Little block = Little.block();
    int at = 0;
    int last = 0;
    for (int i = 0; i < sorted.size(); i++) {
      DirectoryEntry entry = sorted.get(i).entry();
      int hashed = sorted.get(i).hash();
      if (at + entry.length() > NAMES) {
        leaves.add(sealed(block, last));
        block = Little.block();
        at = 0;
      }
      if (at == 0) {
        boolean goesOn = i > 0 && sorted.get(i - 1).hash() == hashed;
        firsts.add(goesOn ? hashed | 1 : hashed);
      }
      last = at;
      at = put(block, at, entry.inode(), entry.type(), entry.name());
    }
    leaves.add(sealed(block, last));
    return firsts.stream().mapToInt(Integer::intValue).toArray();
  }

  private byte[] root(int[] hashes, int levels) {
    Little block = Little.block();
    int at = put(block, 0, inode, Attributes.DIRECTORY, new byte[] {'.'});
    put(block, at, parent, Attributes.DIRECTORY, new byte[] {'.', '.'});
    block.putShort(at + 4, (short) (BLOCK - at));
    block.put(28, (byte) HALF_MD4).put(29, (byte) 8).put(30, (byte) levels);
    return index(block, ROOT_ENTRIES_AT, hashes, 0, hashes.length, 1);
  }

  private byte[] node(int[] hashes, int from, int to, int firstLeaf) {
    Little block = Little.block();
    block.putShort(4, (short) BLOCK);
    return index(block, NODE_ENTRIES_AT, hashes, from, to, firstLeaf);
  }

  /** Which hash begins in which block; the first entry has the counts in its hash's place. */
  private byte[] index(Little block, int at, int[] hashes, int from, int to, int firstBlock) {
    int limit = (BLOCK - at) / 8 - 1;
    for (int i = from; i < to; i++) {
      block.putInt(at + (i - from) * 8, hashes[i]).putInt(at + (i - from) * 8 + 4, firstBlock + i);
    }
    block.putShort(at, (short) limit).putShort(at + 2, (short) (to - from));
    int used = at + (to - from) * 8;
    int tail = at + limit * 8;
    Checksum.Sum sum = checksum.beginFor(inode).add(block.array(), 0, used);
    block.putInt(tail + 4, sum.add(block.array(), tail, 4).add(0).value());
    return block.array();
  }
}
