package dev.banger.image.layer;

import dev.banger.ext4.Attributes;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;

/**
 * Where the files in a tar file are, so that they can be read in any order. Links are other names
 * of files. Only for archives of images; what is in their layers is another matter.
 */
public final class TarIndex {
  private static final int MOST_ENTRIES = 100_000;
  private static final int MOST_LINKS = 8;

  /** The content of a file. */
  public record Extent(long offset, long size) {}

  private final Map<String, Extent> extents = new HashMap<>();
  private final Map<String, String> links = new HashMap<>();

  private TarIndex() {}

  /** Moves the channel's position; {@link LayerException}: it is no such file. */
  public static TarIndex read(FileChannel file) throws IOException {
    TarIndex index = new TarIndex();
    file.position(0);
    TarReader reader = new TarReader(Channels.newInputStream(file));
    int entries = 0;
    for (TarEntry entry = reader.next(); entry != null; entry = reader.next()) {
      if (++entries > MOST_ENTRIES) {
        throw new LayerException("it has more than " + MOST_ENTRIES + " files");
      }
      Extent extent = new Extent(file.position(), entry.size());
      if (extent.size() > file.size() - extent.offset()) {
        throw new LayerException("it is cut off");
      }
      index.add(entry, extent);
    }
    return index;
  }

  private void add(TarEntry entry, Extent extent) {
    String name = normal(text(entry.path()));
    extents.remove(name);
    links.remove(name);
    switch (entry.type()) {
      case Attributes.REGULAR -> extents.put(name, extent);
      case TarEntry.HARD_LINK -> links.put(name, normal(text(entry.target())));
      case Attributes.SYMLINK -> {
        String beside = name.substring(0, name.lastIndexOf('/') + 1);
        links.put(name, normal(beside + text(entry.target())));
      }
      default -> {}
    }
  }

  /**
   * The file of this name.
   *
   * @throws LayerException there is none
   */
  public Extent find(String name) throws LayerException {
    String target = name;
    for (int i = 0; i <= MOST_LINKS; i++) {
      Extent extent = extents.get(target);
      if (extent != null) {
        return extent;
      }
      String next = links.get(target);
      if (next == null) {
        break;
      }
      target = next;
    }
    throw new LayerException(
        "the archive has no file " + TarEntry.printable(name.getBytes(StandardCharsets.UTF_8)));
  }

  private static String text(byte[] name) {
    return new String(name, StandardCharsets.UTF_8);
  }

  /** Without {@code .}, {@code ..} and slashes that mean nothing. */
  private static String normal(String name) {
    Deque<String> parts = new ArrayDeque<>();
    for (String part : name.split("/", -1)) {
      if (part.equals("..")) {
        parts.pollLast();
      } else if (!part.isEmpty() && !part.equals(".")) {
        parts.add(part);
      }
    }
    return String.join("/", parts);
  }
}
