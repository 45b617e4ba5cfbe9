package dev.banger.image.layer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Names in layers, taken apart. */
final class Paths {
  private static final int LONGEST_NAME = 255;
  private static final byte[] PARENT = {'.', '.'};
  private static final byte[] SELF = {'.'};

  private Paths() {}

  /**
   * The names from the root on; none: the root itself. A path begins at the root whether or not a
   * slash stands before it.
   *
   * @throws LayerException it leaves the root, or a name is longer than 255 bytes or has a zero
   */
  static List<byte[]> names(byte[] path) throws LayerException {
    List<byte[]> names = new ArrayList<>();
    for (byte[] name : split(path)) {
      if (Arrays.equals(name, PARENT)) {
        if (names.isEmpty()) {
          throw new LayerException("a path leaves the root: " + TarEntry.printable(path));
        }
        names.removeLast();
        continue;
      }
      if (name.length > LONGEST_NAME) {
        throw new LayerException("a name has more than 255 bytes: " + TarEntry.printable(path));
      }
      names.add(name);
    }
    return names;
  }

  /** All names but "." and empty ones; ".." stays. */
  static List<byte[]> split(byte[] path) throws LayerException {
    List<byte[]> names = new ArrayList<>();
    int from = 0;
    for (int i = 0; i <= path.length; i++) {
      if (i < path.length && path[i] == 0) {
        throw new LayerException("a path has a zero in it: " + TarEntry.printable(path));
      }
      if (i == path.length || path[i] == '/') {
        byte[] name = Arrays.copyOfRange(path, from, i);
        if (name.length > 0 && !Arrays.equals(name, SELF)) {
          names.add(name);
        }
        from = i + 1;
      }
    }
    return names;
  }

  static boolean isParent(byte[] name) {
    return Arrays.equals(name, PARENT);
  }
}
