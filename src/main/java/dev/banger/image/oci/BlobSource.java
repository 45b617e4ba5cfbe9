package dev.banger.image.oci;

import dev.banger.model.BangerException;
import java.io.IOException;
import java.io.InputStream;

/** Has contents by digest. Many threads may ask it at once. */
interface BlobSource {
  /**
   * What is on its way.
   *
   * @param offset where in the blob it begins: what was asked for, or 0
   */
  record Incoming(long offset, InputStream body) implements AutoCloseable {
    @Override
    public void close() throws IOException {
      body.close();
    }
  }

  /**
   * From {@code offset} on, or from the beginning where that cannot be had. IOException when it may
   * work the next time.
   */
  Incoming open(Descriptor blob, long offset)
      throws BangerException, IOException, InterruptedException;
}
