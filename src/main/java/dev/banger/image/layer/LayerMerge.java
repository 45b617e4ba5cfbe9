package dev.banger.image.layer;

import dev.banger.ext4.Attributes;
import dev.banger.ext4.Ext4Writer;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads layers from the top one down and writes each file that no layer above hides. Whiteouts and
 * opaque directories are those of the OCI image specification (layer.md, "Whiteouts").
 */
final class LayerMerge {
  private static final byte[] WHITEOUT = ".wh.".getBytes(StandardCharsets.UTF_8);
  private static final byte[] SPECIAL = ".wh..wh.".getBytes(StandardCharsets.UTF_8);
  private static final byte[] OPAQUE = ".wh..wh..opq".getBytes(StandardCharsets.UTF_8);

  private final Ext4Writer writer;
  private final LayerTree tree;
  private final HardLinks links;
  private final ImageLimits limits;
  private int layer;
  private Reading reading = Reading.OF_AN_IMAGE;

  LayerMerge(Ext4Writer writer, LayerTree tree, HardLinks links, ImageLimits limits) {
    this.writer = writer;
    this.tree = tree;
    this.links = links;
    this.limits = limits;
  }

  /** Reads a layer that lies below all that were read. */
  void read(InputStream stream, int number, Reading how) throws IOException, InterruptedException {
    layer = number;
    reading = how;
    TarReader tar = new TarReader(stream);
    for (TarEntry entry = tar.next(); entry != null; entry = tar.next()) {
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
      limits.count(entry);
      TarEntry adapted = reading.adapt(entry);
      switch (reading.fate(entry)) {
        case KEPT -> take(adapted, tar);
        case EMPTIED -> take(adapted.emptied(), tar);
        case LEFT_OUT -> links.hidden(adapted, layer, () -> write(adapted, tar));
      }
    }
    limits.drain(stream);
  }

  /** Reads the layer once more for files that hard links name and that layers above hide. */
  void readHidden(InputStream stream, int number, Reading how) throws IOException {
    TarReader tar = new TarReader(stream);
    for (TarEntry entry = tar.next(); entry != null; entry = tar.next()) {
      TarEntry read = how.adapt(entry);
      links.hidden(read, number, () -> write(read, tar));
    }
  }

  private void take(TarEntry entry, TarReader tar) throws IOException {
    List<byte[]> names = Paths.names(entry.path());
    if (names.isEmpty()) {
      takeRoot(entry);
      return;
    }
    byte[] last = names.getLast();
    int parent = directory(names.subList(0, names.size() - 1), entry);
    if (reading.whiteouts() && startsWith(last, WHITEOUT)) {
      if (parent != LayerTree.NONE) {
        whiteout(parent, last, entry);
      }
      return;
    }
    int node = parent == LayerTree.NONE ? LayerTree.NONE : tree.find(parent, last);
    boolean hidden =
        parent == LayerTree.NONE
            || tree.hidesChildren(parent) < layer
            || (node != LayerTree.NONE && isHidden(node, entry));
    if (hidden) {
      links.hidden(entry, layer, () -> write(entry, tar));
    } else {
      put(parent, node, last, entry, tar);
    }
  }

  private void takeRoot(TarEntry entry) throws IOException {
    if (entry.type() != Attributes.DIRECTORY) {
      throw new LayerException("the root would be no directory");
    }
    if (tree.isImplied(LayerTree.ROOT)) {
      tree.become(LayerTree.ROOT, Attributes.DIRECTORY, layer);
      tree.setAttributes(LayerTree.ROOT, entry.attributes());
    }
  }

  /** The node of a directory, which is made when no layer has named it; none: it is hidden. */
  private int directory(List<byte[]> names, TarEntry entry) throws IOException {
    int node = LayerTree.ROOT;
    for (byte[] name : names) {
      if (tree.hidesChildren(node) < layer) {
        return LayerTree.NONE;
      }
      int next = tree.find(node, name);
      if (next == LayerTree.NONE) {
        next = tree.addImplied(node, name, layer);
      } else if (tree.hidesSelf(next) < layer) {
        return LayerTree.NONE;
      } else if (tree.type(next) == LayerTree.NO_TYPE) {
        tree.becomeImplied(next, layer);
      } else if (!tree.isDirectory(next)) {
        if (tree.layer(next) < layer) {
          return LayerTree.NONE;
        }
        if (tree.type(next) != Attributes.SYMLINK) {
          throw new LayerException(TarEntry.printable(entry.path()) + " lies below a file");
        }
      }
      node = next;
    }
    return node;
  }

  private void whiteout(int parent, byte[] last, TarEntry entry) throws IOException {
    if (Arrays.equals(last, OPAQUE)) {
      tree.hideChildren(parent, layer);
      return;
    }
    if (startsWith(last, SPECIAL)) {
      return; // what aufs kept beside the files
    }
    byte[] name = Arrays.copyOfRange(last, WHITEOUT.length, last.length);
    if (name.length == 0 || Arrays.equals(name, new byte[] {'.'}) || Paths.isParent(name)) {
      throw new LayerException("a whiteout of no file: " + TarEntry.printable(entry.path()));
    }
    if (tree.hidesChildren(parent) < layer) {
      return;
    }
    int node = tree.find(parent, name);
    if (node == LayerTree.NONE) {
      node = tree.add(parent, name, LayerTree.NO_TYPE, layer);
    }
    tree.hideSelf(node, layer);
  }

  private boolean isHidden(int node, TarEntry entry) {
    if (tree.hidesSelf(node) < layer) {
      return true;
    }
    if (tree.type(node) == LayerTree.NO_TYPE || tree.layer(node) == layer) {
      return false;
    }
    boolean completes = entry.type() == Attributes.DIRECTORY || entry.type() == Attributes.SYMLINK;
    return !(tree.isImplied(node) && completes);
  }

  private void put(int parent, int node, byte[] name, TarEntry entry, TarReader tar)
      throws IOException {
    boolean isNew = node == LayerTree.NONE;
    if (!isNew && tree.type(node) != LayerTree.NO_TYPE) {
      clear(node, entry);
    }
    int type = entry.type();
    if (type == TarEntry.HARD_LINK) {
      int at = isNew ? tree.add(parent, name, LayerTree.NO_TYPE, layer) : node;
      links.link(at, entry, layer);
      return;
    }
    int inode = type == Attributes.DIRECTORY ? 0 : write(entry, tar);
    int at = isNew ? tree.add(parent, name, type, layer) : node;
    tree.become(at, type, layer);
    tree.setInode(at, inode);
    if (type == Attributes.DIRECTORY) {
      tree.setAttributes(at, entry.attributes());
    } else if (type == Attributes.SYMLINK) {
      tree.setTarget(at, entry.target());
    }
    if (type != Attributes.DIRECTORY) {
      links.visible(entry.path(), at, layer);
    }
  }

  /** The later one of two entries in one layer counts; what the earlier one wrote is taken back. */
  private void clear(int node, TarEntry entry) throws IOException {
    boolean directory = entry.type() == Attributes.DIRECTORY;
    if (tree.isDirectory(node)) {
      boolean becomesLink = tree.isImplied(node) && entry.type() == Attributes.SYMLINK;
      if (!directory && !becomesLink && tree.firstChild(node) != LayerTree.NONE) {
        throw new LayerException(
            TarEntry.printable(entry.path()) + " is a directory and then none in one layer");
      }
    } else {
      if (tree.firstChild(node) != LayerTree.NONE) {
        throw new LayerException(
            TarEntry.printable(entry.path()) + " stands twice in one layer, with files below it");
      }
      links.remove(node);
    }
  }

  private int write(TarEntry entry, TarReader tar) throws IOException {
    Attributes attributes = kept(entry.attributes());
    try {
      return switch (entry.type()) {
        case Attributes.REGULAR -> writer.file(attributes, content(entry, tar), entry.size());
        case Attributes.SYMLINK -> writer.symlink(attributes, entry.target());
        default -> writer.special(attributes, entry.major(), entry.minor());
      };
    } catch (LayerException e) {
      throw e;
    } catch (IOException e) {
      throw new IOException(TarEntry.printable(entry.path()) + ": " + e.getMessage(), e);
    }
  }

  private static InputStream content(TarEntry entry, TarReader tar) {
    return entry.size() == 0 ? InputStream.nullInputStream() : tar.content();
  }

  /** Without extended attributes that mean something to an overlay, or that ext4 does not know. */
  static Attributes kept(Attributes all) {
    if (all.extended().isEmpty()) {
      return all;
    }
    Map<String, byte[]> kept = new HashMap<>(all.extended());
    kept.keySet()
        .removeIf(name ->
            name.startsWith("trusted.overlay.")
                || name.equals("security.selinux")
                || !name.matches("(?s)(user|trusted|security)\\..+|system\\.posix_acl_.+"));
    return new Attributes(all.mode(), all.owner(), all.group(), all.seconds(), all.nanos(), kept);
  }

  private static boolean startsWith(byte[] name, byte[] prefix) {
    return name.length >= prefix.length
        && Arrays.equals(name, 0, prefix.length, prefix, 0, prefix.length);
  }
}
