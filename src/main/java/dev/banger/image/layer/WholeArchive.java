package dev.banger.image.layer;

import dev.banger.model.PieceInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A tar stream that must have its end mark, two records of zeros: one that was cut off between two
 * files would pass for a whole one.
 */
public final class WholeArchive extends PieceInputStream {
  private static final int MARK = 1024;

  private final InputStream archive;
  private long zeros;
  private final AtomicLong bytes = new AtomicLong();

  public WholeArchive(InputStream archive) {
    this.archive = archive;
  }

  /** How much was read. */
  public long bytes() {
    return bytes.get();
  }

  @Override
  public int read(byte[] to, int offset, int length) throws IOException {
    int read = archive.read(to, offset, length);
    if (read < 0 && zeros < MARK) {
      throw new LayerException("the archive is cut off: it has no end mark");
    }
    bytes.addAndGet(Math.max(0, read));
    int end = offset + Math.max(0, read);
    int at = end;
    while (at > offset && to[at - 1] == 0) {
      at--;
    }
    zeros = at == offset ? zeros + end - at : end - at;
    return read;
  }

  @Override
  public void close() throws IOException {
    archive.close();
  }
}
