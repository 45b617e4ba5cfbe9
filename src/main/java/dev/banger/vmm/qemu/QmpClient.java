package dev.banger.vmm.qemu;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.banger.lock.LeafLock;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A connection to QEMU's machine protocol. Its own threads read and write the channel, so that an
 * interrupted caller closes it for nobody else.
 */
final class QmpClient implements AutoCloseable {
  private static final int LINE_LIMIT = 1 << 20;
  private static final int WAITING_LIMIT = 64;

  private final SocketChannel channel;
  private final Consumer<QmpMessage.Event> onEvent;
  private final BlockingQueue<String> outgoing = new ArrayBlockingQueue<>(WAITING_LIMIT);
  private final CountDownLatch ended = new CountDownLatch(1);
  private final CountDownLatch negotiated = new CountDownLatch(1);
  private final LeafLock lock = new LeafLock("qmp");

  @GuardedBy("lock")
  private final Map<Long, BlockingQueue<QmpMessage>> waiting = new HashMap<>();

  @GuardedBy("lock")
  private long lastId;

  @GuardedBy("lock")
  private @Nullable IOException failure;

  /**
   * Owns the channel from now on.
   *
   * @param onEvent called on the reader's thread: returns at once
   */
  QmpClient(SocketChannel channel, String name, Consumer<QmpMessage.Event> onEvent) {
    this.channel = channel;
    this.onEvent = onEvent;
    Thread.ofVirtual().name("qmp-reader-" + name).start(this::read);
    Thread.ofVirtual().name("qmp-writer-" + name).start(this::write);
  }

  /** Must be the first command; QEMU sends events from here on. */
  void negotiate(Duration limit) throws BangerException, InterruptedException {
    try {
      execute("qmp_capabilities", Map.of(), limit);
    } finally {
      negotiated.countDown();
    }
  }

  /**
   * For all who did not {@link #negotiate} themselves; when it failed, the next command says so.
   */
  void awaitNegotiation(Duration limit) throws InterruptedException {
    boolean _ = negotiated.await(limit.toNanos(), TimeUnit.NANOSECONDS);
  }

  /** Sends a command and waits for its answer. */
  Map<String, Object> execute(String command, Map<String, Object> arguments, Duration limit)
      throws BangerException, InterruptedException {
    BlockingQueue<QmpMessage> answer = new ArrayBlockingQueue<>(1);
    long id = register(command, answer);
    try {
      if (!outgoing.offer(QmpMessage.command(id, command, arguments))) {
        throw unavailable(command, new IOException("too many commands wait"));
      }
      QmpMessage message = answer.poll(limit.toNanos(), TimeUnit.NANOSECONDS);
      return switch (message) {
        case QmpMessage.Reply reply -> reply.result();
        case QmpMessage.Refusal refusal ->
            throw new BangerException(
                ErrorCode.VMM_FAILED, "QEMU refused " + command + ": " + refusal.description(), "");
        case QmpMessage.Greeting _, QmpMessage.Event _ -> throw lost(command);
        case null ->
            throw new BangerException(
                ErrorCode.TIMEOUT,
                "QEMU did not answer " + command + " within " + limit.toMillis() + " ms",
                "the host may be overloaded; try again, or kill the VM");
      };
    } finally {
      forget(id);
    }
  }

  private long register(String command, BlockingQueue<QmpMessage> answer) throws BangerException {
    IOException why;
    long id;
    lock.lock();
    try {
      why = failure;
      id = ++lastId;
      waiting.put(id, answer);
    } finally {
      lock.unlock();
    }
    if (why != null) {
      forget(id);
      throw unavailable(command, why);
    }
    return id;
  }

  private void forget(long id) {
    lock.lock();
    try {
      waiting.remove(id);
    } finally {
      lock.unlock();
    }
  }

  private BangerException lost(String command) {
    IOException why;
    lock.lock();
    try {
      why = failure;
    } finally {
      lock.unlock();
    }
    return unavailable(command, why == null ? new IOException("the connection ended") : why);
  }

  private static BangerException unavailable(String command, IOException why) {
    return new BangerException(
        ErrorCode.UNAVAILABLE, "cannot send " + command + " to QEMU", "the VM may have ended", why);
  }

  boolean connected() {
    return ended.getCount() > 0;
  }

  /** Waits until QEMU has said its last; false when it has not within the limit. */
  boolean awaitEnd(Duration limit) throws InterruptedException {
    return ended.await(limit.toNanos(), TimeUnit.NANOSECONDS);
  }

  private void write() {
    try {
      while (connected()) {
        String line = outgoing.poll(1, TimeUnit.SECONDS);
        if (line == null) {
          continue;
        }
        ByteBuffer bytes = ByteBuffer.wrap(line.getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
          channel.write(bytes);
        }
      }
    } catch (IOException e) {
      end(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void read() {
    ByteBuffer bytes = ByteBuffer.allocate(8192);
    QmpLines lines = new QmpLines(LINE_LIMIT);
    try {
      while (channel.read(bytes.clear()) >= 0) {
        for (String line : lines.add(bytes.flip())) {
          handle(QmpMessage.parse(line));
        }
      }
      end(new IOException("QEMU closed the connection"));
    } catch (IOException | RuntimeException e) {
      end(e instanceof IOException io ? io : new IOException(e));
    }
  }

  private void handle(QmpMessage message) {
    switch (message) {
      case QmpMessage.Greeting _ -> {}
      case QmpMessage.Event event -> onEvent.accept(event);
      case QmpMessage.Reply reply -> answer(reply.id(), reply);
      case QmpMessage.Refusal refusal -> answer(refusal.id(), refusal);
    }
  }

  private void answer(long id, QmpMessage message) {
    BlockingQueue<QmpMessage> answer;
    lock.lock();
    try {
      answer = waiting.remove(id);
    } finally {
      lock.unlock();
    }
    if (answer != null) {
      answer.offer(message);
    }
  }

  /** Everybody who waits gets a message that is no answer. */
  private void end(IOException why) {
    Map<Long, BlockingQueue<QmpMessage>> left;
    lock.lock();
    try {
      failure = why;
      left = Map.copyOf(waiting);
      waiting.clear();
    } finally {
      lock.unlock();
    }
    ended.countDown();
    left.values().forEach(answer -> answer.offer(new QmpMessage.Greeting()));
    close();
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      // It is gone, which is what was wanted.
    }
  }
}
