package dev.banger.image.oci;

import com.github.luben.zstd.ZstdInputStreamNoFinalizer;
import dev.banger.image.layer.LayerException;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.zip.GZIPInputStream;

/** What a stream is compressed with, only its content says: media types are often wrong. */
final class Compression {
  private static final int BUFFER = 128 << 10;
  private static final int MAGIC = 8;

  private Compression() {}

  /** The content of this stream; {@link LayerException} when it is compressed otherwise. */
  static InputStream plain(InputStream compressed) throws IOException {
    InputStream stream = new BufferedInputStream(compressed, BUFFER);
    stream.mark(MAGIC);
    byte[] magic = stream.readNBytes(MAGIC);
    stream.reset();
    if (begins(magic, 0x1f, 0x8b)) {
      return new GZIPInputStream(stream, BUFFER);
    }
    boolean skippable = magic.length >= 4 && (magic[0] & 0xf0) == 0x50 && beginsAt1(magic);
    if (begins(magic, 0x28, 0xb5, 0x2f, 0xfd) || skippable) {
      return new ZstdInputStreamNoFinalizer(stream);
    }
    if (begins(magic, 0xfd, '7', 'z', 'X', 'Z') || begins(magic, 'B', 'Z', 'h')) {
      throw new LayerException(
          "it is compressed with xz or bzip2, which the image specification does not know");
    }
    return stream;
  }

  /** The rest of the magic number of a frame that zstd passes over. */
  private static boolean beginsAt1(byte[] magic) {
    return begins(Arrays.copyOfRange(magic, 1, 4), 0x2a, 0x4d, 0x18);
  }

  private static boolean begins(byte[] bytes, int... magic) {
    if (bytes.length < magic.length) {
      return false;
    }
    for (int i = 0; i < magic.length; i++) {
      if ((bytes[i] & 0xff) != magic[i]) {
        return false;
      }
    }
    return true;
  }
}
