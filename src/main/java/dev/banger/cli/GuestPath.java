package dev.banger.cli;

import org.jspecify.annotations.Nullable;

/** {@code VM:PATH} on a command line. */
record GuestPath(String vm, String path) {
  /** Where a path that is not absolute begins, as with scp: root's home. */
  private static final String HOME = "/root/";

  /** Null when the text is a path of this host: without a colon, or with a slash before it. */
  static @Nullable GuestPath parse(String text) {
    int colon = text.indexOf(':');
    if (colon < 1 || text.charAt(0) == '.' || text.lastIndexOf('/', colon) >= 0) {
      return null;
    }
    String path = text.substring(colon + 1);
    return new GuestPath(text.substring(0, colon), path.startsWith("/") ? path : HOME + path);
  }

  /** The last component; {@code .} when the path ends in {@code /.} or is the root. */
  static String lastName(String path) {
    String trimmed = withoutSlash(path);
    String name = trimmed.substring(trimmed.lastIndexOf('/') + 1);
    return name.isEmpty() ? "." : name;
  }

  /** What stands before the last component. */
  static String parent(String path) {
    String trimmed = withoutSlash(path);
    int slash = trimmed.lastIndexOf('/');
    return slash < 0 ? "." : slash == 0 ? "/" : trimmed.substring(0, slash);
  }

  private static String withoutSlash(String path) {
    int end = path.length();
    while (end > 1 && path.charAt(end - 1) == '/') {
      end--;
    }
    return path.substring(0, end);
  }
}
