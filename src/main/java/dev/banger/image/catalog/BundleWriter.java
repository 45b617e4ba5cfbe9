package dev.banger.image.catalog;

import com.github.luben.zstd.ZstdOutputStreamNoFinalizer;
import dev.banger.image.layer.UstarHeader;
import java.io.BufferedOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.LongConsumer;

/**
 * Writes a bundle: a tar (POSIX ustar, pax headers where a size needs them) compressed with zstd.
 * The same files make the same bytes.
 */
public final class BundleWriter {
  private static final int BUFFER = 1 << 20;
  private static final int NAME_LENGTH = 100;
  private static final int MODE = 0644;
  private static final int LEVEL = 3;
  private static final long LARGEST_OCTAL = (1L << 33) - 1;

  private final OutputStream out;
  private final long largest;
  private final LongConsumer progress;
  private long written;

  private BundleWriter(OutputStream out, long largest, LongConsumer progress) {
    this.out = out;
    this.largest = largest;
    this.progress = progress;
  }

  /**
   * Writes all of it; the stream stays open.
   *
   * @param progress told how many bytes of the files are in it
   */
  public static void write(List<BundleFile> files, OutputStream out, LongConsumer progress)
      throws IOException {
    write(files, out, LARGEST_OCTAL, progress);
  }

  /** As the other, with pax headers for all files that are larger than this. */
  static void write(List<BundleFile> files, OutputStream out, long largest, LongConsumer progress)
      throws IOException {
    ZstdOutputStreamNoFinalizer zstd =
        new ZstdOutputStreamNoFinalizer(new Unclosed(out), LEVEL).setChecksum(true);
    try (OutputStream buffered = new BufferedOutputStream(zstd, BUFFER)) {
      BundleWriter writer = new BundleWriter(buffered, largest, progress);
      for (BundleFile file : files) {
        writer.add(file);
      }
      buffered.write(new byte[2 * UstarHeader.RECORD]);
    }
  }

  /** Closing the compressor must not close what it writes to. */
  private static final class Unclosed extends FilterOutputStream {
    Unclosed(OutputStream out) {
      super(out);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      out.write(bytes, offset, length);
    }

    @Override
    public void close() throws IOException {
      out.flush();
    }
  }

  private void add(BundleFile file) throws IOException {
    long size = file.size();
    if (size > largest) {
      byte[] record = pax(size);
      header("pax", 'x', record.length);
      out.write(record);
      pad(record.length);
    }
    header(file.name(), '0', Math.min(size, largest));
    content(file, size);
    pad(size);
  }

  private void content(BundleFile file, long size) throws IOException {
    byte[] buffer = new byte[BUFFER];
    try (InputStream in = file.open()) {
      for (long left = size; left > 0; ) {
        int count = in.read(buffer, 0, (int) Math.min(BUFFER, left));
        if (count < 0) {
          throw new IOException(file.file() + " became shorter while it was read");
        }
        out.write(buffer, 0, count);
        left -= count;
        written += count;
        progress.accept(written);
      }
    }
  }

  private void pad(long size) throws IOException {
    out.write(
        new byte[(int) ((UstarHeader.RECORD - size % UstarHeader.RECORD) % UstarHeader.RECORD)]);
  }

  /** One record of a pax header: its own length counts. */
  private static byte[] pax(long size) {
    String body = " size=" + size + "\n";
    int length = body.length() + 2;
    return (length + body).getBytes(StandardCharsets.US_ASCII);
  }

  private void header(String name, char type, long size) throws IOException {
    if (name.length() > NAME_LENGTH) {
      throw new IOException("the name " + name + " is too long for a bundle");
    }
    out.write(UstarHeader.of(name, type, MODE, size, 0));
  }
}
