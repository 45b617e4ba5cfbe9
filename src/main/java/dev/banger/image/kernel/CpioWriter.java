package dev.banger.image.kernel;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** Writes a cpio archive in the format that the kernel unpacks: newc. All belongs to root. */
final class CpioWriter implements AutoCloseable {
  private static final int DIRECTORY = 0040000;
  private static final int REGULAR = 0100000;
  private static final int CHARACTER_DEVICE = 0020000;
  private static final String TRAILER = "TRAILER!!!";
  private static final byte[] NOTHING = new byte[0];

  private final OutputStream out;
  private long written;
  private int inode;

  CpioWriter(OutputStream out) {
    this.out = out;
  }

  void directory(String name, int mode) throws IOException {
    entry(name, DIRECTORY | mode, 2, 0, 0, NOTHING);
  }

  void file(String name, int mode, byte[] content) throws IOException {
    entry(name, REGULAR | mode, 1, 0, 0, content);
  }

  void characterDevice(String name, int mode, int major, int minor) throws IOException {
    entry(name, CHARACTER_DEVICE | mode, 1, major, minor, NOTHING);
  }

  /** Ends the archive; the stream stays open. */
  @Override
  public void close() throws IOException {
    inode = -1;
    entry(TRAILER, 0, 1, 0, 0, NOTHING);
    pad(512);
  }

  private void entry(String name, int mode, int links, int major, int minor, byte[] content)
      throws IOException {
    byte[] path = (name + "\0").getBytes(StandardCharsets.UTF_8);
    StringBuilder header = new StringBuilder("070701");
    int[] fields = {
      ++inode, mode, 0, 0, links, 0, content.length, 0, 0, major, minor, path.length, 0
    };
    for (int field : fields) {
      header.append(String.format(Locale.ROOT, "%08x", field));
    }
    write(header.toString().getBytes(StandardCharsets.US_ASCII));
    write(path);
    pad(4);
    write(content);
    pad(4);
  }

  private void write(byte[] bytes) throws IOException {
    out.write(bytes);
    written += bytes.length;
  }

  private void pad(int unit) throws IOException {
    write(new byte[(int) (Math.ceilDiv(written, unit) * unit - written)]);
  }
}
