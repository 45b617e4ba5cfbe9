package dev.banger.image.oci;

import dev.banger.config.RegistrySettings;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.model.PieceInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongConsumer;

/**
 * Contents of plain web servers and of this host's files, by way of the layer cache: a download
 * that was cut off goes on, and nothing is used before its digest is right. Many threads may use
 * it.
 */
public final class WebContents implements AutoCloseable {
  private static final String TYPE = "application/octet-stream";

  private final BlobCache cache;
  private final Transport transport;
  private final RegistrySettings settings;
  private final Retry retry;
  private final Retry once;
  private volatile boolean opened;

  /**
   * @param environment names proxies
   */
  public WebContents(BlobCache cache, RegistrySettings settings, Map<String, String> environment) {
    this(cache, settings, environment, RetryPolicy.USUAL);
  }

  WebContents(
      BlobCache cache,
      RegistrySettings settings,
      Map<String, String> environment,
      RetryPolicy policy) {
    this.cache = cache;
    this.settings = settings;
    this.transport = new Transport(settings, environment, policy.silence());
    this.retry = new Retry(policy);
    this.once = new Retry(policy.once());
  }

  /** The whole of a small content; asked for once, as others wait for the answer. */
  public byte[] read(URI address, int limit) throws BangerException, InterruptedException {
    String tried = "cannot read " + address;
    try (Answer answer = once.run(tried, () -> transport.send(get(address, 0)))) {
      if (!answer.isOk()) {
        throw refusal(tried, answer);
      }
      return answer.read(limit);
    } catch (IOException e) {
      throw Retry.failure(tried, e);
    }
  }

  /**
   * A content whose digest is right. While the stream is open, nothing removes it from the cache.
   *
   * @param address http, https or file
   * @param arrived told how many bytes more are here; less than 0 when some turned out useless
   */
  public InputStream open(URI address, Digest digest, long size, LongConsumer arrived)
      throws BangerException, InterruptedException {
    Descriptor blob = Descriptor.of(TYPE, digest, size);
    opened = true;
    cache.pin(digest);
    boolean open = false;
    try {
      if (!cache.obtain(blob, (wanted, offset) -> incoming(address, wanted, offset), arrived)) {
        cache.requireRight(digest);
      }
      InputStream content = new Pinned(cache.open(digest), digest);
      open = true;
      return content;
    } catch (IOException e) {
      throw new BangerException(
          ErrorCode.INTERNAL, "cannot read " + digest + " in the layer cache", "try again", e);
    } finally {
      if (!open) {
        cache.unpin(digest);
      }
    }
  }

  private final class Pinned extends PieceInputStream {
    private final InputStream content;
    private final Digest digest;
    private boolean closed;

    Pinned(InputStream content, Digest digest) {
      this.content = content;
      this.digest = digest;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
      return content.read(buffer, offset, length);
    }

    @Override
    public void close() throws IOException {
      if (!closed) {
        closed = true;
        cache.unpin(digest);
        content.close();
      }
    }
  }

  private BlobSource.Incoming incoming(URI address, Descriptor blob, long offset)
      throws BangerException, IOException, InterruptedException {
    if ("file".equals(address.getScheme())) {
      return ofFile(Path.of(address), offset);
    }
    return incoming(transport, retry, address, blob, offset);
  }

  private static BlobSource.Incoming ofFile(Path file, long offset)
      throws BangerException, IOException {
    if (!Files.isRegularFile(file)) {
      throw new BangerException(
          ErrorCode.NOT_FOUND, "there is no file " + file, "see what the catalog says of it");
    }
    InputStream content = Files.newInputStream(file);
    content.skipNBytes(Math.min(offset, Files.size(file)));
    return new BlobSource.Incoming(offset, content);
  }

  private static Transport.Call get(URI address, long offset) {
    return Transport.Call.get(address, Optional.empty(), Registry.range(offset));
  }

  /** From a server that is told nothing of who we are. */
  static BlobSource.Incoming incoming(
      Transport transport, Retry retry, URI address, Descriptor blob, long offset)
      throws BangerException, IOException, InterruptedException {
    String tried = "cannot download " + blob.digest() + " from " + address;
    Answer answer = retry.run(tried, () -> transport.send(get(address, offset)));
    if (answer.status() == 416) {
      answer.close();
      answer = retry.run(tried, () -> transport.send(get(address, 0)));
    }
    if (answer.status() != 200 && answer.status() != 206) {
      throw refusal(tried, answer);
    }
    return Registry.incoming(answer, blob);
  }

  private static BangerException refusal(String tried, Answer answer) throws IOException {
    boolean missing = answer.status() == 404 || answer.status() == 410;
    return new BangerException(
        missing ? ErrorCode.NOT_FOUND : ErrorCode.UNAVAILABLE,
        tried,
        missing ? "check the address" : "see what the server says",
        new IOException(RegistryErrors.describe(answer)));
  }

  /** What is over the limit leaves the cache. */
  @Override
  public void close() throws BangerException {
    transport.close();
    if (opened) { // a catalog that was read left nothing in it
      BlobCache.Usage _ = cache.prune(settings.cache());
    }
  }
}
