package dev.banger.ext4;

/** A name in a directory. */
public final class DirectoryEntry {
  private final byte[] name;
  private final int inode;
  private final int type;

  /**
   * @param name 1 to 255 bytes, neither '/' nor zero among them; not "." and not ".."
   * @param inode what {@link Ext4Writer} gave for it
   * @param type of {@link Attributes}, as {@link Attributes#REGULAR}
   */
  public DirectoryEntry(byte[] name, int inode, int type) {
    this.name = name;
    this.inode = inode;
    this.type = type;
  }

  byte[] name() {
    return name;
  }

  int inode() {
    return inode;
  }

  int type() {
    return type;
  }

  int length() {
    return 8 + ((name.length + 3) & ~3);
  }

  /** The number for the type that a directory holds. */
  static int code(int type) {
    return switch (type) {
      case Attributes.REGULAR -> 1;
      case Attributes.DIRECTORY -> 2;
      case Attributes.CHARACTER_DEVICE -> 3;
      case Attributes.BLOCK_DEVICE -> 4;
      case Attributes.FIFO -> 5;
      case Attributes.SOCKET -> 6;
      case Attributes.SYMLINK -> 7;
      default -> throw new IllegalArgumentException("there is no file type " + type);
    };
  }
}
