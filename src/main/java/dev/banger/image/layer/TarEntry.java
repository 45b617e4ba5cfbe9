package dev.banger.image.layer;

import dev.banger.ext4.Attributes;
import java.nio.charset.StandardCharsets;

/** One entry of a tar stream, names as the bytes they are. */
public final class TarEntry {
  /** The other name of a file that was there before; {@link #target} says which. */
  static final int HARD_LINK = 0;

  private final byte[] path;
  private final byte[] target;
  private final int type;
  private final Attributes attributes;
  private final long size;
  private final int major;
  private final int minor;

  /**
   * @param type of {@link Attributes}, or {@link #HARD_LINK}
   * @param size of a regular file's content, holes too
   */
  TarEntry(
      byte[] path,
      byte[] target,
      int type,
      Attributes attributes,
      long size,
      int major,
      int minor) {
    this.path = path;
    this.target = target;
    this.type = type;
    this.attributes = attributes;
    this.size = size;
    this.major = major;
    this.minor = minor;
  }

  TarEntry with(Attributes others) {
    return new TarEntry(path, target, type, others, size, major, minor);
  }

  /**
   * A file without its content, one of its own where it was another name of one; anything else
   * stays as it is.
   */
  TarEntry emptied() {
    return type == Attributes.REGULAR || type == HARD_LINK
        ? new TarEntry(path, new byte[0], Attributes.REGULAR, attributes, 0, major, minor)
        : this;
  }

  public byte[] path() {
    return path;
  }

  byte[] target() {
    return target;
  }

  public int type() {
    return type;
  }

  Attributes attributes() {
    return attributes;
  }

  public long size() {
    return size;
  }

  int major() {
    return major;
  }

  int minor() {
    return minor;
  }

  /** For messages: nothing in it moves a terminal. */
  static String printable(byte[] name) {
    String text = new String(name, StandardCharsets.UTF_8).replaceAll("\\p{Cntrl}", "?");
    return "'" + (text.length() > 200 ? text.substring(0, 200) + "..." : text) + "'";
  }
}
