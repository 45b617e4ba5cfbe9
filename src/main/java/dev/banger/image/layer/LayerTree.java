package dev.banger.image.layer;

import dev.banger.ext4.Attributes;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * All paths of an image, as nodes with numbers: what each is and which layer it is from. Layers are
 * counted from the top. Fifty bytes a path and its name, in a {@link ScratchFile}.
 */
final class LayerTree implements Closeable {
  static final int ROOT = 0;
  static final int NONE = -1;

  /** A node of no type only hides what is below it. */
  static final int NO_TYPE = 0;

  /** No layer: nothing is hidden. */
  static final int NO_LAYER = Integer.MAX_VALUE;

  private static final int PARENT = 0;
  private static final int NAME = 4;
  private static final int NAME_LENGTH = 12;
  private static final int TYPE = 16;
  private static final int LAYER = 20;
  private static final int FIRST_CHILD = 24;
  private static final int NEXT_SIBLING = 28;
  private static final int NEXT_IN_BUCKET = 32;
  private static final int INODE = 36;
  private static final int HIDES_SELF = 40;
  private static final int HIDES_CHILDREN = 44;
  private static final int MORE = 48;
  private static final int NODE = 56;
  private static final int LOAD = 3;
  private static final int MOST_ATTRIBUTES = 1 << 15;

  /** In the type: a directory that no layer has named, only paths through it. */
  private static final int IMPLIED = 1 << 20;

  /** In the type: its inode has other names, too. */
  private static final int LINKED = 1 << 21;

  private final ScratchFile nodes;
  private final ScratchFile texts;
  private int[] buckets = new int[1 << 12];
  private int count;

  LayerTree(Path directory) throws IOException {
    nodes = new ScratchFile(directory.resolve("nodes"));
    try {
      texts = new ScratchFile(directory.resolve("texts"));
    } catch (IOException e) {
      nodes.close();
      throw e;
    }
    Arrays.fill(buckets, NONE);
    append(NONE, new byte[0], Attributes.DIRECTORY | IMPLIED, NO_LAYER);
  }

  int count() {
    return count;
  }

  int find(int parent, byte[] name) {
    for (int node = buckets[bucket(parent, name)]; node != NONE; node = get(node, NEXT_IN_BUCKET)) {
      if (get(node, PARENT) == parent
          && get(node, NAME_LENGTH) == name.length
          && texts.holds(nodes.getLong(at(node, NAME)), name)) {
        return node;
      }
    }
    return NONE;
  }

  int add(int parent, byte[] name, int type, int layer) throws IOException {
    if (count > LOAD * buckets.length) {
      rehash();
    }
    return append(parent, name, type, layer);
  }

  int addImplied(int parent, byte[] name, int layer) throws IOException {
    return add(parent, name, Attributes.DIRECTORY | IMPLIED, layer);
  }

  private int append(int parent, byte[] name, int type, int layer) throws IOException {
    if (count == Integer.MAX_VALUE) {
      throw new LayerException("the image has too many files");
    }
    nodes.take(NODE);
    int node = count++;
    long text = texts.take(Math.max(1, name.length));
    texts.put(text, name);
    nodes.putLong(at(node, NAME), text);
    set(node, NAME_LENGTH, name.length);
    set(node, TYPE, type);
    set(node, LAYER, layer);
    set(node, FIRST_CHILD, NONE);
    set(node, HIDES_SELF, NO_LAYER);
    set(node, HIDES_CHILDREN, NO_LAYER);
    nodes.putLong(at(node, MORE), NONE);
    hang(node, parent, name);
    return node;
  }

  private void hang(int node, int parent, byte[] name) {
    set(node, PARENT, parent);
    if (parent == NONE) {
      return;
    }
    int bucket = bucket(parent, name);
    set(node, NEXT_IN_BUCKET, buckets[bucket]);
    buckets[bucket] = node;
    set(node, NEXT_SIBLING, get(parent, FIRST_CHILD));
    set(parent, FIRST_CHILD, node);
  }

  private void rehash() {
    buckets = new int[4 * buckets.length];
    Arrays.fill(buckets, NONE);
    for (int node = 1; node < count; node++) {
      if (get(node, PARENT) != NONE) {
        int bucket = bucket(get(node, PARENT), name(node));
        set(node, NEXT_IN_BUCKET, buckets[bucket]);
        buckets[bucket] = node;
      }
    }
  }

  private int bucket(int parent, byte[] name) {
    int hash = Arrays.hashCode(name) * 31 + parent * 0x9e3779b9;
    hash ^= hash >>> 15;
    return hash & (buckets.length - 1);
  }

  /** Takes a node, and what is below it, to another parent. */
  void move(int node, int parent) {
    cut(node);
    hang(node, parent, name(node));
  }

  /** Takes a node, and what is below it, out of the tree. */
  void cut(int node) {
    int parent = get(node, PARENT);
    int bucket = bucket(parent, name(node));
    if (buckets[bucket] == node) {
      buckets[bucket] = get(node, NEXT_IN_BUCKET);
    } else {
      int before = buckets[bucket];
      while (get(before, NEXT_IN_BUCKET) != node) {
        before = get(before, NEXT_IN_BUCKET);
      }
      set(before, NEXT_IN_BUCKET, get(node, NEXT_IN_BUCKET));
    }
    if (get(parent, FIRST_CHILD) == node) {
      set(parent, FIRST_CHILD, get(node, NEXT_SIBLING));
    } else {
      int before = get(parent, FIRST_CHILD);
      while (get(before, NEXT_SIBLING) != node) {
        before = get(before, NEXT_SIBLING);
      }
      set(before, NEXT_SIBLING, get(node, NEXT_SIBLING));
    }
    set(node, PARENT, NONE);
  }

  byte[] name(int node) {
    byte[] name = new byte[get(node, NAME_LENGTH)];
    texts.get(nodes.getLong(at(node, NAME)), name);
    return name;
  }

  /** From the root on, for messages. */
  String path(int node) {
    StringBuilder path = new StringBuilder();
    for (int at = node; at != ROOT && at != NONE; at = get(at, PARENT)) {
      path.insert(0, "/" + new String(name(at), StandardCharsets.UTF_8));
    }
    return "'" + path + "'";
  }

  int parent(int node) {
    return get(node, PARENT);
  }

  int firstChild(int node) {
    return get(node, FIRST_CHILD);
  }

  int nextSibling(int node) {
    return get(node, NEXT_SIBLING);
  }

  int type(int node) {
    return get(node, TYPE) & Attributes.TYPE;
  }

  boolean isDirectory(int node) {
    return type(node) == Attributes.DIRECTORY;
  }

  boolean isImplied(int node) {
    return (get(node, TYPE) & IMPLIED) != 0;
  }

  boolean isLinked(int node) {
    return (get(node, TYPE) & LINKED) != 0;
  }

  void setLinked(int node) {
    set(node, TYPE, get(node, TYPE) | LINKED);
  }

  int layer(int node) {
    return get(node, LAYER);
  }

  /** What it is, since a layer has named it. */
  void become(int node, int type, int layer) {
    set(node, TYPE, type);
    set(node, LAYER, layer);
  }

  void becomeImplied(int node, int layer) {
    become(node, Attributes.DIRECTORY | IMPLIED, layer);
  }

  int inode(int node) {
    return get(node, INODE);
  }

  void setInode(int node, int inode) {
    set(node, INODE, inode);
  }

  /** What layers below this one say of it, and of all below it, is hidden. */
  int hidesSelf(int node) {
    return get(node, HIDES_SELF);
  }

  void hideSelf(int node, int layer) {
    set(node, HIDES_SELF, Math.min(layer, hidesSelf(node)));
  }

  /** What layers below this one say of what is in it is hidden. */
  int hidesChildren(int node) {
    return Math.min(get(node, HIDES_CHILDREN), hidesSelf(node));
  }

  void hideChildren(int node, int layer) {
    set(node, HIDES_CHILDREN, Math.min(layer, get(node, HIDES_CHILDREN)));
  }

  /** A symbolic link's target, so that paths through it can be followed. */
  void setTarget(int node, byte[] target) throws IOException {
    nodes.putLong(at(node, MORE), text(target));
  }

  byte[] target(int node) {
    return text(nodes.getLong(at(node, MORE)));
  }

  private long text(byte[] bytes) throws IOException {
    long at = texts.take(4 + bytes.length);
    texts.putInt(at, bytes.length);
    texts.put(at + 4, bytes);
    return at;
  }

  private byte[] text(long at) {
    byte[] bytes = new byte[texts.getInt(at)];
    texts.get(at + 4, bytes);
    return bytes;
  }

  /** A directory's attributes: its inode is written last. */
  void setAttributes(int node, Attributes attributes) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeInt(attributes.mode());
      out.writeInt(attributes.owner());
      out.writeInt(attributes.group());
      out.writeLong(attributes.seconds());
      out.writeInt(attributes.nanos());
      out.writeInt(attributes.extended().size());
      for (Map.Entry<String, byte[]> entry : attributes.extended().entrySet()) {
        out.writeUTF(entry.getKey());
        out.writeInt(entry.getValue().length);
        out.write(entry.getValue());
      }
    }
    if (bytes.size() > MOST_ATTRIBUTES) {
      throw new LayerException("the extended attributes of " + path(node) + " are too large");
    }
    nodes.putLong(at(node, MORE), text(bytes.toByteArray()));
  }

  /** What {@link #setAttributes} said; when it said nothing, those of a directory nobody named. */
  Attributes attributes(int node, long seconds) throws IOException {
    long at = nodes.getLong(at(node, MORE));
    if (at == NONE || isImplied(node)) {
      return new Attributes(Attributes.DIRECTORY | 0755, 0, 0, seconds, 0, Map.of());
    }
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(text(at)))) {
      int mode = in.readInt();
      int owner = in.readInt();
      int group = in.readInt();
      long time = in.readLong();
      int nanos = in.readInt();
      Map<String, byte[]> extended = new HashMap<>();
      for (int i = in.readInt(); i > 0; i--) {
        String name = in.readUTF();
        extended.put(name, in.readNBytes(in.readInt()));
      }
      return new Attributes(mode, owner, group, time, nanos, extended);
    }
  }

  private int get(int node, int field) {
    return nodes.getInt(at(node, field));
  }

  private void set(int node, int field, int value) {
    nodes.putInt(at(node, field), value);
  }

  /** Nodes do not reach over a chunk's end: some bytes there stay unused. */
  private static long at(int node, int field) {
    int perChunk = (1 << 22) / NODE;
    return ((long) (node / perChunk) << 22) + (long) (node % perChunk) * NODE + field;
  }

  @Override
  public void close() throws IOException {
    nodes.close();
    texts.close();
  }
}
