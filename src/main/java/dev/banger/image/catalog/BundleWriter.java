package dev.banger.image.catalog;

import com.github.luben.zstd.ZstdOutputStreamNoFinalizer;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.LongConsumer;

/**
 * Writes a bundle: a tar (POSIX ustar, pax headers where a size needs them) compressed with zstd.
 * The same files make the same bytes.
 */
public final class BundleWriter {
  private static final int RECORD = 512;
  private static final int BUFFER = 1 << 20;
  private static final int NAME_LENGTH = 100;
  private static final int CHECKSUM = 148;
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
      buffered.write(new byte[2 * RECORD]);
    }
  }

  /** Closing the compressor must not close what it writes to. */
  private static final class Unclosed extends java.io.FilterOutputStream {
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
    Path path = file.file();
    long size = Files.size(path);
    if (size > largest) {
      byte[] record = pax(size);
      header("pax", 'x', record.length);
      out.write(record);
      pad(record.length);
    }
    header(file.name(), '0', Math.min(size, largest));
    content(path, size);
    pad(size);
  }

  private void content(Path path, long size) throws IOException {
    byte[] buffer = new byte[BUFFER];
    try (InputStream in = Files.newInputStream(path)) {
      for (long left = size; left > 0; ) {
        int count = in.read(buffer, 0, (int) Math.min(BUFFER, left));
        if (count < 0) {
          throw new IOException(path + " became shorter while it was read");
        }
        out.write(buffer, 0, count);
        left -= count;
        written += count;
        progress.accept(written);
      }
    }
  }

  private void pad(long size) throws IOException {
    out.write(new byte[(int) ((RECORD - size % RECORD) % RECORD)]);
  }

  /** One record of a pax header: its own length counts. */
  private static byte[] pax(long size) {
    String body = " size=" + size + "\n";
    int length = body.length() + 2;
    return (length + body).getBytes(StandardCharsets.US_ASCII);
  }

  private void header(String name, char type, long size) throws IOException {
    byte[] header = new byte[RECORD];
    if (name.length() > NAME_LENGTH) {
      throw new IOException("the name " + name + " is too long for a bundle");
    }
    put(header, 0, name);
    put(header, 100, "0000644");
    put(header, 108, "0000000");
    put(header, 116, "0000000");
    put(header, 124, "%011o".formatted(size));
    put(header, 136, "00000000000");
    put(header, CHECKSUM, "        ");
    header[156] = (byte) type;
    put(header, 257, "ustar\00000");
    int sum = 0;
    for (byte b : header) {
      sum += b & 0xff;
    }
    put(header, CHECKSUM, "%06o\0 ".formatted(sum));
    out.write(header);
  }

  private static void put(byte[] header, int at, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(bytes, 0, header, at, bytes.length);
  }
}
