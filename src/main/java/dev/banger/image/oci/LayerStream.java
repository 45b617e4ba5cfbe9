package dev.banger.image.oci;

import com.github.luben.zstd.ZstdIOException;
import dev.banger.image.layer.LayerException;
import dev.banger.model.PieceInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;
import java.util.Optional;
import java.util.zip.ZipException;

/**
 * The plain tar stream of a layer. Its end is reached only when all of it is what its digests say;
 * else reading throws {@link LayerException}. Who stops before the end has verified nothing.
 */
final class LayerStream extends PieceInputStream {
  private static final int BUFFER = 128 << 10;

  private final CountedStream compressed;
  private final InputStream plain;
  private final OciLayer layer;
  private final LayerLimits limits;
  private final Runnable whenWrong;
  private final MessageDigest sum;
  private long count;
  private boolean ended;

  /**
   * @param blob as it is stored
   * @param verified whether the blob is known to be what its digest says
   * @param whenWrong called before an exception is thrown because of the content
   */
  LayerStream(
      InputStream blob, boolean verified, OciLayer layer, LayerLimits limits, Runnable whenWrong)
      throws IOException {
    this.layer = layer;
    this.limits = limits;
    this.whenWrong = whenWrong;
    this.sum = layer.diffId().algorithm().begin();
    this.compressed =
        new CountedStream(blob, verified ? Optional.empty() : Optional.of(layer.digest()));
    try {
      this.plain = Compression.plain(compressed);
    } catch (IOException e) {
      blob.close();
      throw contentOf(e);
    }
  }

  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    if (ended || length == 0) {
      return ended ? -1 : 0;
    }
    try {
      int read = plain.read(target, offset, length);
      if (read < 0) {
        checkEnd();
        ended = true;
        return -1;
      }
      sum.update(target, offset, read);
      count += read;
      limits.check(count, compressed.count());
      return read;
    } catch (IOException e) {
      throw contentOf(e);
    }
  }

  private void checkEnd() throws IOException {
    byte[] rest = new byte[BUFFER];
    while (compressed.read(rest, 0, rest.length) >= 0) {
      // What stands behind the compressed content counts for the digest.
    }
    if (!compressed.isAsNamed()) {
      throw new LayerException("its content is not what its digest says");
    }
    Digest found = Digest.ended(layer.diffId().algorithm(), sum.digest());
    if (!found.equals(layer.diffId())) {
      throw new LayerException(
          "its content is " + found + ", but the image's config says " + layer.diffId());
    }
  }

  /** Tells what is wrong with the content from what is wrong with the disk. */
  private IOException contentOf(IOException e) {
    boolean wrong =
        e instanceof ZipException
            || e instanceof EOFException
            || e instanceof ZstdIOException
            || e instanceof LayerException;
    if (!wrong) {
      return e;
    }
    whenWrong.run();
    return new LayerException("the layer " + layer.digest() + " cannot be used: " + reason(e), e);
  }

  private static String reason(IOException e) {
    return switch (e) {
      case LayerException own -> String.valueOf(own.getMessage());
      case EOFException _ -> "it is cut off";
      default -> "it cannot be decompressed: " + e.getMessage();
    };
  }

  @Override
  public void close() throws IOException {
    try (compressed) {
      plain.close();
    }
  }

  /** Counts what is read, and adds it up where a digest has to be checked. */
  private static final class CountedStream extends PieceInputStream {
    private final InputStream stream;
    private final Optional<Digest> named;
    private final Optional<MessageDigest> sum;
    private long count;

    CountedStream(InputStream stream, Optional<Digest> named) {
      this.stream = stream;
      this.named = named;
      this.sum = named.map(n -> n.algorithm().begin());
    }

    long count() {
      return count;
    }

    /** Once, at the end. */
    boolean isAsNamed() {
      return named.isEmpty()
          || sum.isEmpty()
          || Digest.ended(named.get().algorithm(), sum.get().digest()).equals(named.get());
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      int read = stream.read(target, offset, length);
      if (read > 0) {
        count += read;
        sum.ifPresent(s -> s.update(target, offset, read));
      }
      return read;
    }

    @Override
    public int available() throws IOException {
      return stream.available();
    }

    @Override
    public void close() throws IOException {
      stream.close();
    }
  }
}
