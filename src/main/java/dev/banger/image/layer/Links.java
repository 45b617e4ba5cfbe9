package dev.banger.image.layer;

import dev.banger.ext4.Attributes;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Symbolic links that paths in layers went through: what lies below one belongs where it points,
 * always within the image.
 */
final class Links {
  private static final int MOST = 40;

  private final LayerTree tree;
  private final HardLinks hardLinks;

  Links(LayerTree tree, HardLinks hardLinks) {
    this.tree = tree;
    this.hardLinks = hardLinks;
  }

  /** Moves what lies below links to where they point. */
  void settle() throws IOException {
    for (int node = 1; node < tree.count(); node++) {
      if (tree.type(node) == Attributes.SYMLINK
          && tree.parent(node) != LayerTree.NONE
          && tree.firstChild(node) != LayerTree.NONE) {
        int target = follow(node, true, new int[1]);
        if (target == LayerTree.NONE || !tree.isDirectory(target)) {
          throw new LayerException(
              tree.path(node) + " has files below it and points to no directory");
        }
        merge(node, target);
      }
    }
  }

  /** The node at the end of a path, through links; none: there is none. */
  int existing(byte[] path) throws IOException {
    return walk(LayerTree.ROOT, Paths.split(path), false, new int[1]);
  }

  private int follow(int link, boolean create, int[] hops) throws IOException {
    if (++hops[0] > MOST) {
      throw new LayerException(tree.path(link) + " leads through more than " + MOST + " links");
    }
    byte[] target = tree.target(link);
    int from = target[0] == '/' ? LayerTree.ROOT : tree.parent(link);
    return walk(from, Paths.split(target), create, hops);
  }

  private int walk(int from, List<byte[]> names, boolean create, int[] hops) throws IOException {
    int node = from;
    for (byte[] name : names) {
      if (Paths.isParent(name)) {
        node = node == LayerTree.ROOT ? node : tree.parent(node);
        continue;
      }
      if (!tree.isDirectory(node)) {
        return LayerTree.NONE;
      }
      int next = tree.find(node, name);
      if (next != LayerTree.NONE && tree.type(next) == Attributes.SYMLINK) {
        next = follow(next, create, hops);
      } else if (next == LayerTree.NONE && create) {
        next = tree.addImplied(node, name, LayerTree.NO_LAYER);
      } else if (next != LayerTree.NONE && tree.type(next) == LayerTree.NO_TYPE && create) {
        tree.becomeImplied(next, tree.layer(next));
      }
      if (next == LayerTree.NONE || tree.type(next) == LayerTree.NO_TYPE) {
        return LayerTree.NONE;
      }
      node = next;
    }
    return node;
  }

  /** Of two with one name the one from the layer above stays, or the later one of one layer. */
  private void merge(int from, int to) throws IOException {
    if (from == to || isBelow(to, from)) {
      throw new LayerException(tree.path(from) + " points into itself");
    }
    List<Integer> children = new ArrayList<>();
    for (int child = tree.firstChild(from);
        child != LayerTree.NONE;
        child = tree.nextSibling(child)) {
      children.add(child);
    }
    for (int child : children) {
      int other = tree.find(to, tree.name(child));
      if (other == LayerTree.NONE) {
        tree.move(child, to);
      } else if (tree.isDirectory(child) && tree.isDirectory(other)) {
        if (!tree.isImplied(child) && (tree.isImplied(other) || isAbove(child, other))) {
          tree.become(other, Attributes.DIRECTORY, tree.layer(child));
          tree.setAttributes(other, tree.attributes(child, 0));
        }
        merge(child, other);
        tree.cut(child);
      } else if (isAbove(child, other)) {
        drop(other);
        if (tree.type(child) == LayerTree.NO_TYPE) {
          tree.cut(child);
        } else {
          tree.move(child, to);
        }
      } else {
        drop(child);
      }
    }
  }

  private boolean isAbove(int node, int other) {
    int layer = Math.min(tree.layer(node), tree.hidesSelf(node));
    return layer < tree.layer(other) || (layer == tree.layer(other) && node > other);
  }

  private boolean isBelow(int node, int ancestor) {
    for (int at = node; at != LayerTree.NONE; at = tree.parent(at)) {
      if (at == ancestor) {
        return true;
      }
    }
    return false;
  }

  private void drop(int node) throws IOException {
    while (tree.firstChild(node) != LayerTree.NONE) {
      drop(tree.firstChild(node));
    }
    if (!tree.isDirectory(node) && tree.type(node) != LayerTree.NO_TYPE) {
      hardLinks.remove(node);
    }
    tree.cut(node);
  }
}
