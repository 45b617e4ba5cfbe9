package dev.banger.image.disk;

import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.function.LongConsumer;

/** Digests of whole files. */
public final class FileSum {
  private static final int BUFFER = 256 << 10;

  private FileSum() {}

  /**
   * Adds a file's content.
   *
   * @param read told now and then how far it is
   */
  public static void add(MessageDigest sum, Path file, LongConsumer read)
      throws IOException, InterruptedException {
    byte[] buffer = new byte[BUFFER];
    long done = 0;
    try (InputStream content = Files.newInputStream(file)) {
      for (int count = content.read(buffer); count >= 0; count = content.read(buffer)) {
        sum.update(buffer, 0, count);
        done += count;
        read.accept(done);
      }
    } catch (ClosedByInterruptException e) {
      Thread.interrupted();
      throw new InterruptedException("while the digest of " + file + " was computed");
    }
  }
}
