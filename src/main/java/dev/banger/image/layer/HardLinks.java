package dev.banger.image.layer;

import dev.banger.ext4.Attributes;
import dev.banger.ext4.Ext4Writer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Names of files that have more than one. A link names a file of its own layer or of one below;
 * that file's own path may be hidden by a layer above, and its data is wanted all the same.
 */
final class HardLinks {
  /** Writes a file and returns its inode. */
  @FunctionalInterface
  interface Writing {
    int write() throws IOException;
  }

  private static final class Wanted {
    final int layer;
    final List<Integer> nodes = new ArrayList<>();

    Wanted(int layer) {
      this.layer = layer;
    }
  }

  private final Ext4Writer writer;
  private final LayerTree tree;

  /** By the path of the file that they name. */
  private final Map<ByteBuffer, Wanted> wanted = new HashMap<>();

  private int found;
  private final Map<Integer, Integer> names = new HashMap<>();

  HardLinks(Ext4Writer writer, LayerTree tree) {
    this.writer = writer;
    this.tree = tree;
  }

  /** Makes a node another name of the file that the entry names. */
  void link(int node, TarEntry entry, int layer) throws IOException {
    List<byte[]> target = Paths.names(entry.target());
    int named = find(target);
    tree.become(node, LayerTree.NO_TYPE, layer);
    if (named != LayerTree.NONE && named != node && tree.layer(named) == layer) {
      if (tree.isDirectory(named)) {
        throw new LayerException(
            TarEntry.printable(entry.path()) + " would be another name of a directory");
      }
      if (tree.type(named) != LayerTree.NO_TYPE) {
        join(node, tree.type(named), tree.inode(named), named);
        visible(entry.path(), node, layer);
        return;
      }
    }
    wanted.computeIfAbsent(key(target), _ -> new Wanted(layer)).nodes.add(node);
  }

  private void join(int node, int type, int inode, int other) throws IOException {
    tree.become(node, type, tree.layer(node));
    tree.setInode(node, inode);
    tree.setLinked(node);
    names.merge(inode, other == LayerTree.NONE ? 1 : 2, (have, _) -> have + 1);
    if (other != LayerTree.NONE) {
      tree.setLinked(other);
      if (type == Attributes.SYMLINK) {
        tree.setTarget(node, tree.target(other));
      }
    }
  }

  private int find(List<byte[]> names) {
    int node = LayerTree.ROOT;
    for (byte[] name : names) {
      node = tree.find(node, name);
      if (node == LayerTree.NONE) {
        break;
      }
    }
    return node;
  }

  /** Takes out what links of that layer, or of one above, wait for; null: no one does. */
  private @Nullable Wanted take(byte[] path, int layer) throws LayerException {
    if (wanted.isEmpty()) {
      return null;
    }
    ByteBuffer key = key(Paths.names(path));
    Wanted waiting = wanted.get(key);
    return waiting != null && waiting.layer <= layer ? wanted.remove(key) : null;
  }

  /** Whether links of that layer wait for files, which that layer may have had. */
  boolean wantsFrom(int layer) {
    return wanted.values().stream().anyMatch(w -> w.layer == layer);
  }

  /** Grows with each path that was found. */
  int found() {
    return found;
  }

  /** A file whose own path is hidden: it is written when links wait for it. */
  void hidden(TarEntry entry, int layer, Writing writing) throws IOException {
    Wanted waiting = entry.type() == Attributes.DIRECTORY ? null : take(entry.path(), layer);
    if (waiting == null) {
      return;
    }
    found++;
    if (entry.type() == TarEntry.HARD_LINK) {
      ByteBuffer next = key(Paths.names(entry.target()));
      if (!next.equals(key(Paths.names(entry.path())))) {
        wanted.computeIfAbsent(next, _ -> new Wanted(layer)).nodes.addAll(waiting.nodes);
        return;
      }
      throw new LayerException(TarEntry.printable(entry.path()) + " is another name of itself");
    }
    int inode = writing.write();
    names.put(inode, 0);
    for (int node : waiting.nodes) {
      join(node, entry.type(), inode, LayerTree.NONE);
      if (entry.type() == Attributes.SYMLINK) {
        tree.setTarget(node, entry.target());
      }
    }
  }

  /** A file is there, and links may wait for it. */
  void visible(byte[] path, int node, int layer) throws IOException {
    Wanted waiting = take(path, layer);
    if (waiting != null) {
      for (int link : waiting.nodes) {
        join(link, tree.type(node), tree.inode(node), node);
      }
    }
  }

  /** A node's file is to be named no more by it. */
  void remove(int node) throws IOException {
    int inode = tree.inode(node);
    Integer left = names.computeIfPresent(inode, (_, count) -> count - 1);
    for (Wanted waiting : wanted.values()) {
      waiting.nodes.remove(Integer.valueOf(node));
    }
    if (inode != 0 && (left == null || left == 0)) {
      names.remove(inode);
      writer.remove(inode);
    }
    tree.setInode(node, 0);
  }

  /** What no layer had may be there by way of a symbolic link. */
  void settle(Links follow) throws IOException {
    for (Map.Entry<ByteBuffer, Wanted> entry : wanted.entrySet()) {
      byte[] path = bytes(entry.getKey());
      int named = follow.existing(path);
      if (named == LayerTree.NONE || tree.isDirectory(named) || tree.inode(named) == 0) {
        throw new LayerException(
            tree.path(entry.getValue().nodes.getFirst())
                + " is another name of "
                + TarEntry.printable(path)
                + ", which no layer has");
      }
      for (int node : entry.getValue().nodes) {
        join(node, tree.type(named), tree.inode(named), named);
      }
    }
    wanted.clear();
    for (Map.Entry<Integer, Integer> file : names.entrySet()) {
      writer.links(file.getKey(), file.getValue());
    }
  }

  private static ByteBuffer key(List<byte[]> names) {
    int length = 0;
    for (byte[] name : names) {
      length += 1 + name.length;
    }
    ByteBuffer key = ByteBuffer.allocate(length);
    for (byte[] name : names) {
      key.put((byte) '/').put(name);
    }
    return key.flip();
  }

  private static byte[] bytes(ByteBuffer key) {
    byte[] bytes = new byte[key.remaining()];
    key.duplicate().get(bytes);
    return bytes;
  }
}
