package dev.banger.image.oci;

import dev.banger.model.PieceInputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.http.HttpResponse.BodySubscriber;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The body of a response as a stream that gives up when nothing comes for a while, which the JDK's
 * own does not. Holds only a few buffers: who reads slowly makes the server wait. One thread reads.
 */
final class BodyStream extends PieceInputStream implements BodySubscriber<BodyStream> {
  private static final int AHEAD = 8;

  private sealed interface Part {}

  private record Data(List<ByteBuffer> buffers) implements Part {}

  private record End(@Nullable Throwable failure) implements Part {}

  private final Duration silence;
  private final BlockingQueue<Part> parts = new LinkedBlockingQueue<>();
  private final Deque<ByteBuffer> buffers = new ArrayDeque<>();
  private volatile Flow.@Nullable Subscription subscription;
  private volatile boolean closed;
  private boolean ended;

  BodyStream(Duration silence) {
    this.silence = silence;
  }

  @Override
  public CompletionStage<BodyStream> getBody() {
    return CompletableFuture.completedStage(this);
  }

  @Override
  public void onSubscribe(Flow.Subscription given) {
    subscription = given;
    if (closed) {
      given.cancel();
    } else {
      given.request(AHEAD);
    }
  }

  @Override
  public void onNext(List<ByteBuffer> item) {
    parts.add(new Data(item));
  }

  @Override
  public void onError(Throwable failure) {
    parts.add(new End(failure));
  }

  @Override
  public void onComplete() {
    parts.add(new End(null));
  }

  /** What came is still read; then it ends by this failure. */
  void cut(IOException failure) {
    parts.add(new End(failure));
  }

  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, target.length);
    if (length == 0) {
      return 0;
    }
    while (buffers.isEmpty() && !ended) {
      take();
    }
    ByteBuffer first = buffers.peek();
    if (first == null) {
      return -1;
    }
    int count = Math.min(length, first.remaining());
    first.get(target, offset, count);
    if (!first.hasRemaining()) {
      buffers.remove();
    }
    return count;
  }

  private void take() throws IOException {
    switch (next()) {
      case Data data -> {
        data.buffers().stream().filter(ByteBuffer::hasRemaining).forEach(buffers::add);
        Flow.Subscription given = subscription;
        if (given != null) {
          given.request(1);
        }
      }
      case End(Throwable failure) when failure != null ->
          throw new IOException("the connection broke off", failure);
      case End _ -> ended = true;
    }
  }

  private Part next() throws IOException {
    try {
      Part part = parts.poll(silence.toMillis(), TimeUnit.MILLISECONDS);
      if (part == null) {
        close();
        throw new IOException("the server sent nothing for " + silence.toSeconds() + " s");
      }
      return part;
    } catch (InterruptedException e) {
      close();
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("while a response was read");
    }
  }

  /** The rest is not wanted: the connection is given up unless it is at its end. */
  @Override
  public void close() {
    closed = true;
    Flow.Subscription given = subscription;
    if (given != null) {
      given.cancel();
    }
  }
}
