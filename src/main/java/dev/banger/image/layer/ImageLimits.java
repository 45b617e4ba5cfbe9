package dev.banger.image.layer;

import java.io.IOException;
import java.io.InputStream;

/** How much an image may hold in all. */
final class ImageLimits {
  private static final int PIECE = 1 << 16;

  private final long mostEntries;
  private final long mostBytes;
  private long entries;
  private long bytes;

  ImageLimits(long mostEntries, long mostBytes) {
    this.mostEntries = mostEntries;
    this.mostBytes = mostBytes;
  }

  void count(TarEntry entry) throws LayerException {
    entries++;
    bytes += Math.min(entry.size(), Long.MAX_VALUE - bytes);
    if (entries > mostEntries) {
      throw new LayerException("the image has more than " + mostEntries + " entries");
    }
    if (bytes > mostBytes) {
      throw new LayerException("the files of the image have more than " + mostBytes + " bytes");
    }
  }

  /** Reads what follows the archive's end, so that the stream checks itself. */
  void drain(InputStream stream) throws IOException {
    byte[] piece = new byte[PIECE];
    long rest = 0;
    while (true) {
      int read = stream.read(piece);
      if (read < 0) {
        return;
      }
      rest += read;
      if (rest > mostBytes) {
        throw new LayerException("the layer does not end");
      }
    }
  }
}
