package dev.banger.proc;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The lines of a program's output streams, in one queue for one reader. A full queue makes the
 * program wait. Lines end with LF or CR; longer ones than the limit are cut into several.
 */
final class OutputLines {
  static final int LINE_LIMIT = 16 * 1024;
  private static final int QUEUE_LIMIT = 256;

  /** Which stream. */
  enum Source {
    OUTPUT,
    ERROR
  }

  /** What comes out of a stream. */
  sealed interface Event {}

  record Line(Source source, String text) implements Event {}

  /** Nothing follows from this stream. */
  record End(Source source) implements Event {}

  private final BlockingQueue<Event> queue = new ArrayBlockingQueue<>(QUEUE_LIMIT);
  private volatile boolean abandoned;

  /** Starts a thread that reads to the end. */
  void read(Source source, InputStream stream) {
    Thread.ofVirtual().name("read " + source).start(() -> readAll(source, stream));
  }

  @Nullable Event poll(Duration wait) throws InterruptedException {
    return queue.poll(wait.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Nobody reads any more: the threads throw away what comes. */
  void abandon() {
    abandoned = true;
    queue.clear();
  }

  private void readAll(Source source, InputStream stream) {
    try (stream) {
      split(source, stream);
    } catch (IOException e) {
      // The stream was closed under us: its end.
    }
    offer(new End(source));
  }

  private void split(Source source, InputStream stream) throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream(256);
    byte[] buffer = new byte[8192];
    for (int count = stream.read(buffer); count >= 0; count = stream.read(buffer)) {
      for (int i = 0; i < count; i++) {
        boolean ends = buffer[i] == '\n' || buffer[i] == '\r';
        if (!ends) {
          line.write(buffer[i]);
        }
        if ((ends && line.size() > 0) || line.size() >= LINE_LIMIT) {
          offer(new Line(source, line.toString(StandardCharsets.UTF_8)));
          line.reset();
        }
      }
    }
    if (line.size() > 0) {
      offer(new Line(source, line.toString(StandardCharsets.UTF_8)));
    }
  }

  private void offer(Event event) {
    try {
      while (!abandoned && !queue.offer(event, 200, TimeUnit.MILLISECONDS)) {
        // A full queue: wait until the reader takes one, or gives up.
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
