package dev.banger.image.oci;

import dev.banger.image.disk.Trees;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.security.MessageDigest;
import java.util.function.LongConsumer;

/**
 * One blob on its way into a file, which may hold its beginning already. A connection that is cut
 * is taken up where it ended. Belongs to one thread.
 */
final class BlobDownload {
  private static final int BUFFER = 64 << 10;
  private static final int MOST_CONNECTIONS = 100;

  private final Descriptor blob;
  private final BlobSource source;
  private final RetryPolicy retry;
  private final LongConsumer arrived;
  private final FileChannel file;
  private final byte[] buffer = new byte[BUFFER];
  private MessageDigest sum;
  private long position;

  /**
   * @param arrived told how many bytes more are there; less than 0 when some turned out useless
   */
  BlobDownload(
      Descriptor blob,
      BlobSource source,
      RetryPolicy retry,
      LongConsumer arrived,
      FileChannel file) {
    this.blob = blob;
    this.source = source;
    this.retry = retry;
    this.arrived = arrived;
    this.file = file;
    this.sum = blob.digest().algorithm().begin();
  }

  /** Returns when the file holds the whole blob and nothing else. */
  void run() throws BangerException, InterruptedException {
    boolean resumed = takeUp();
    int failed = 0;
    for (int connections = 1; ; connections++) {
      long before = position;
      try {
        if (position < blob.size()) {
          receive();
        }
        if (isRight()) {
          return;
        }
        if (!resumed) {
          throw new BangerException(
              ErrorCode.CORRUPT,
              "what " + blob.digest() + " should be has another content",
              "the registry, or something between it and this host, changes what it sends");
        }
        resumed = false;
        restart();
      } catch (IOException e) {
        failed = position > before ? 1 : failed + 1;
        if (failed >= retry.attempts() || connections >= MOST_CONNECTIONS) {
          throw new BangerException(
              ErrorCode.UNAVAILABLE,
              "cannot download "
                  + blob.digest()
                  + ": "
                  + position
                  + " of "
                  + blob.size()
                  + " bytes are here",
              "try again: it goes on from there",
              e);
        }
        Thread.sleep(retry.pause(failed));
      }
    }
  }

  /** The file's beginning is believed only once all of it adds up. */
  private boolean takeUp() throws BangerException, InterruptedException {
    try {
      long there = file.size();
      if (there > blob.size()) {
        file.truncate(0);
        return false;
      }
      ByteBuffer bytes = ByteBuffer.wrap(buffer);
      while (position < there && file.read(bytes.clear(), position) > 0) {
        sum.update(bytes.flip());
        position += bytes.limit();
      }
      arrived.accept(position);
      return position > 0;
    } catch (IOException e) {
      throw disk(e);
    }
  }

  private void receive() throws BangerException, IOException, InterruptedException {
    try (BlobSource.Incoming incoming = source.open(blob, position)) {
      if (incoming.offset() == 0) {
        restart();
      } else if (incoming.offset() != position) {
        throw new IOException("the server sent another part than it was asked for");
      }
      while (position < blob.size()) {
        int count = incoming.body().read(buffer);
        if (Thread.interrupted()) {
          throw new InterruptedException("while " + blob.digest() + " was downloaded");
        }
        if (count < 0) {
          throw new IOException("the connection ended after " + position + " bytes");
        }
        if (count > blob.size() - position) {
          throw tooLarge();
        }
        store(count);
      }
    }
  }

  private BangerException tooLarge() {
    return new BangerException(
        ErrorCode.CORRUPT,
        "the server sends more of "
            + blob.digest()
            + " than the "
            + blob.size()
            + " bytes that it has",
        "the registry, or something between it and this host, changes what it sends");
  }

  private void store(int count) throws BangerException, InterruptedException {
    try {
      ByteBuffer bytes = ByteBuffer.wrap(buffer, 0, count);
      while (bytes.hasRemaining()) {
        file.write(bytes, position + bytes.position());
      }
    } catch (IOException e) {
      throw disk(e);
    }
    sum.update(buffer, 0, count);
    position += count;
    arrived.accept(count);
  }

  private void restart() throws BangerException, InterruptedException {
    try {
      file.truncate(0);
    } catch (IOException e) {
      throw disk(e);
    }
    arrived.accept(-position);
    position = 0;
    sum = blob.digest().algorithm().begin();
  }

  private boolean isRight() {
    return Digest.ended(blob.digest().algorithm(), sum.digest()).equals(blob.digest());
  }

  private static BangerException disk(IOException e) throws InterruptedException {
    if (e instanceof ClosedByInterruptException) {
      Thread.interrupted();
      throw new InterruptedException("while a layer was written");
    }
    return Trees.failure("cannot write a layer into the layer cache", e);
  }
}
