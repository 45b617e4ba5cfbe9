package dev.banger.image.layer;

import dev.banger.ext4.Attributes;
import dev.banger.ext4.DirectoryEntry;
import dev.banger.ext4.Ext4Options;
import dev.banger.ext4.Ext4Writer;
import dev.banger.image.disk.Trees;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.function.LongConsumer;

/** Makes an ext4 file out of an image's layers. */
public final class RootDisk {
  private static final byte[] LOST_AND_FOUND = "lost+found".getBytes(StandardCharsets.UTF_8);

  /** Of one image: entries in all its layers, hidden ones too. */
  private static final long MOST_ENTRIES = 20_000_000;

  /** Of one image: bytes of files in all its layers, hidden ones and holes too. */
  private static final long MOST_BYTES = 1L << 40;

  /** Of hard links that name hard links whose paths are hidden. */
  private static final int LONGEST_CHAIN = 40;

  private RootDisk() {}

  /**
   * Writes the file; nothing is left of it when that fails.
   *
   * @param layers the lowest first, as an image's configuration has them
   * @param disk does not exist
   * @param scratch an existing directory for the index, which is gone afterwards
   * @param wanted paths that may be in the image, as "/sbin/init"
   * @param progress how many bytes of the disk are written
   * @return those of the wanted paths that are there and no directories; links are followed
   */
  public static Set<String> write(
      List<? extends Layer> layers,
      Path disk,
      Path scratch,
      Ext4Options options,
      Set<String> wanted,
      LongConsumer progress)
      throws BangerException, InterruptedException {
    return write(layers, disk, scratch, options, wanted, true, progress);
  }

  /**
   * As {@link #write}, without a directory {@code lost+found}, which no home has; e2fsck makes one
   * when it needs it.
   */
  public static void writeHome(
      List<? extends Layer> layers,
      Path disk,
      Path scratch,
      Ext4Options options,
      LongConsumer progress)
      throws BangerException, InterruptedException {
    Set<String> _ = write(layers, disk, scratch, options, Set.of(), false, progress);
  }

  private static Set<String> write(
      List<? extends Layer> layers,
      Path disk,
      Path scratch,
      Ext4Options options,
      Set<String> wanted,
      boolean lostAndFound,
      LongConsumer progress)
      throws BangerException, InterruptedException {
    boolean whole = false;
    try (LayerTree tree = new LayerTree(scratch);
        Ext4Writer writer = Ext4Writer.create(disk, options)) {
      Set<String> found = merge(layers, tree, writer, wanted, progress);
      new Directories(tree, writer, options.seconds()).write(lostAndFound);
      whole = true;
      return found;
    } catch (ClosedByInterruptException | InterruptedIOException e) {
      throw new InterruptedException();
    } catch (LayerException e) {
      throw new BangerException(
          ErrorCode.INVALID,
          "cannot use this image: " + e.getMessage(),
          "it is damaged, or made to do harm; take another version",
          e);
    } catch (IOException e) {
      throw Trees.failure("cannot write the image's disk", e);
    } finally {
      if (!whole) {
        delete(disk);
      }
    }
  }

  private static void delete(Path disk) throws BangerException {
    try {
      Files.deleteIfExists(disk);
    } catch (IOException e) {
      throw new BangerException(ErrorCode.INTERNAL, "cannot remove " + disk, "remove it", e);
    }
  }

  private static Set<String> merge(
      List<? extends Layer> layers,
      LayerTree tree,
      Ext4Writer writer,
      Set<String> wanted,
      LongConsumer progress)
      throws IOException, BangerException, InterruptedException {
    HardLinks hardLinks = new HardLinks(writer, tree);
    LayerMerge merge =
        new LayerMerge(writer, tree, hardLinks, new ImageLimits(MOST_ENTRIES, MOST_BYTES));
    for (int number = 0; number < layers.size(); number++) {
      Layer layer = layers.get(layers.size() - 1 - number);
      try (InputStream stream = new ReadAhead(layer.open())) {
        merge.read(stream, number, layer.reading());
      } catch (LayerException e) {
        throw new LayerException(layer.name() + ": " + e.getMessage(), e);
      }
      for (int chain = 0; chain < LONGEST_CHAIN && hardLinks.wantsFrom(number); chain++) {
        if (!again(layer, merge, hardLinks, number)) {
          break;
        }
      }
      progress.accept(writer.length());
    }
    Links links = new Links(tree, hardLinks);
    links.settle();
    hardLinks.settle(links);
    Set<String> found = new HashSet<>();
    for (String path : wanted) {
      int node = links.existing(path.getBytes(StandardCharsets.UTF_8));
      if (node != LayerTree.NONE && !tree.isDirectory(node)) {
        found.add(path);
      }
    }
    return found;
  }

  /** Whether another reading found what the one before it did not. */
  private static boolean again(Layer layer, LayerMerge merge, HardLinks hardLinks, int number)
      throws IOException, BangerException, InterruptedException {
    int before = hardLinks.found();
    try (InputStream stream = layer.open()) {
      merge.readHidden(stream, number, layer.reading());
    }
    return hardLinks.found() > before;
  }

  /** Writes all directories once all names are known. */
  private static final class Directories {
    private final LayerTree tree;
    private final Ext4Writer writer;
    private final long seconds;

    Directories(LayerTree tree, Ext4Writer writer, long seconds) {
      this.tree = tree;
      this.writer = writer;
      this.seconds = seconds;
    }

    void write(boolean lostAndFound) throws IOException {
      int lost = lostAndFound ? lostAndFound() : LayerTree.NONE;
      tree.setInode(LayerTree.ROOT, Ext4Writer.ROOT);
      for (int node = 1; node < tree.count(); node++) {
        if (tree.isDirectory(node) && isThere(node)) {
          tree.setInode(node, writer.reserveDirectory());
        }
      }
      for (int node = 0; node < tree.count(); node++) {
        if (tree.isDirectory(node) && (node == LayerTree.ROOT || isThere(node))) {
          writeDirectory(node);
        }
      }
      writer.finish(lost != LayerTree.NONE && tree.isDirectory(lost) ? tree.inode(lost) : 0);
    }

    private int lostAndFound() throws IOException {
      int lost = tree.find(LayerTree.ROOT, LOST_AND_FOUND);
      if (lost == LayerTree.NONE || tree.type(lost) == LayerTree.NO_TYPE) {
        lost = lost == LayerTree.NONE ? tree.addImplied(LayerTree.ROOT, LOST_AND_FOUND, 0) : lost;
        tree.become(lost, Attributes.DIRECTORY, 0);
        tree.setAttributes(lost, Ext4Writer.lostAndFound(seconds));
      }
      return lost;
    }

    private boolean isThere(int node) {
      return tree.parent(node) != LayerTree.NONE;
    }

    private void writeDirectory(int node) throws IOException {
      int parent = node == LayerTree.ROOT ? node : tree.parent(node);
      int directories = 0;
      for (int child = tree.firstChild(node);
          child != LayerTree.NONE;
          child = tree.nextSibling(child)) {
        directories += tree.isDirectory(child) ? 1 : 0;
      }
      Attributes attributes = LayerMerge.kept(tree.attributes(node, seconds));
      writer.directory(
          tree.inode(node), tree.inode(parent), attributes, new Children(tree, node), directories);
    }
  }

  /** The names in one directory. */
  private static final class Children implements Iterator<DirectoryEntry> {
    private final LayerTree tree;
    private int next;

    Children(LayerTree tree, int directory) {
      this.tree = tree;
      next = visible(tree.firstChild(directory));
    }

    private int visible(int node) {
      int at = node;
      while (at != LayerTree.NONE && tree.type(at) == LayerTree.NO_TYPE) {
        at = tree.nextSibling(at);
      }
      return at;
    }

    @Override
    public boolean hasNext() {
      return next != LayerTree.NONE;
    }

    @Override
    public DirectoryEntry next() {
      if (next == LayerTree.NONE) {
        throw new NoSuchElementException();
      }
      int node = next;
      next = visible(tree.nextSibling(node));
      return new DirectoryEntry(tree.name(node), tree.inode(node), tree.type(node));
    }
  }
}
