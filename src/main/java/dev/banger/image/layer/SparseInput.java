package dev.banger.image.layer;

import dev.banger.model.PieceInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.List;

/** A sparse file's content: the data that the archive holds, and zeros where it holds none. */
final class SparseInput extends PieceInputStream {
  /** Data from {@code offset} on. */
  record Segment(long offset, long length) {}

  private final InputStream data;
  private final List<Segment> segments;
  private final long size;
  private int next;
  private long position;

  /**
   * @throws LayerException segments overlap, or reach behind the end
   */
  SparseInput(InputStream data, List<Segment> segments, long size) throws LayerException {
    long end = 0;
    for (Segment segment : segments) {
      if (segment.offset() < end
          || segment.length() < 0
          || segment.length() > size
          || segment.offset() > size - segment.length()) {
        throw new LayerException("the map of a sparse file is malformed");
      }
      end = segment.offset() + segment.length();
    }
    this.data = data;
    this.segments = segments;
    this.size = size;
  }

  @Override
  public int read(byte[] buffer, int offset, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    while (next < segments.size() && position >= end(segments.get(next))) {
      next++;
    }
    if (position >= size) {
      return -1;
    }
    long until = next < segments.size() ? segments.get(next).offset() : size;
    if (position < until) {
      int zeros = (int) Math.min(length, until - position);
      Arrays.fill(buffer, offset, offset + zeros, (byte) 0);
      position += zeros;
      return zeros;
    }
    int wanted = (int) Math.min(length, end(segments.get(next)) - position);
    int read = data.read(buffer, offset, wanted);
    if (read > 0) {
      position += read;
    }
    return read;
  }

  private static long end(Segment segment) {
    return segment.offset() + segment.length();
  }
}
