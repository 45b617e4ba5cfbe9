package dev.banger.vmm.firecracker;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Requests to one Firecracker, one at a time and each on a connection of its own: HTTP/1.1 over its
 * Unix socket. Every wait has a limit.
 */
final class ApiClient {
  private static final Duration PAUSE = Duration.ofMillis(2);

  private final Path socket;
  private final Duration limit;
  private final Semaphore turn = new Semaphore(1, true);

  /**
   * @param limit for one request, the wait for its turn included
   */
  ApiClient(Path socket, Duration limit) {
    this.socket = socket;
    this.limit = limit;
  }

  /** Says whether somebody has to be waited for any longer. */
  @FunctionalInterface
  interface StillThere {
    boolean ask() throws BangerException;
  }

  /**
   * Waits until the API answers.
   *
   * @return false when the process has ended before
   */
  boolean awaitServer(Duration most, StillThere process)
      throws BangerException, InterruptedException {
    long end = System.nanoTime() + most.toNanos();
    while (!accepts()) {
      if (!process.ask()) {
        return false;
      }
      if (System.nanoTime() > end) {
        throw new BangerException(
            ErrorCode.TIMEOUT,
            "Firecracker did not serve its API at " + socket + " within " + most.toSeconds() + " s",
            "the host may be overloaded; try again");
      }
      Thread.sleep(PAUSE);
    }
    return true;
  }

  private boolean accepts() throws InterruptedException {
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
    try (SocketChannel _ = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  /** Sends it and returns what was accepted; a refusal is an error with Firecracker's words. */
  ApiAnswer send(ApiRequest request) throws BangerException, InterruptedException {
    long end = System.nanoTime() + limit.toNanos();
    if (!turn.tryAcquire(limit.toNanos(), TimeUnit.NANOSECONDS)) {
      throw late(request, null);
    }
    try {
      ApiAnswer answer = exchange(request, end);
      if (!answer.accepted()) {
        throw Refusals.of(request, answer.fault());
      }
      return answer;
    } finally {
      turn.release();
    }
  }

  /** What came of an exchange: one of both. */
  private record Outcome(@Nullable ApiAnswer answer, @Nullable IOException failure) {}

  /** On a thread of its own, which nobody interrupts: its channel is closed at the deadline. */
  private ApiAnswer exchange(ApiRequest request, long end)
      throws BangerException, InterruptedException {
    BlockingQueue<Outcome> outcomes = new ArrayBlockingQueue<>(1);
    AtomicReference<SocketChannel> open = new AtomicReference<>();
    Thread.ofVirtual().name("firecracker-api").start(() -> outcomes.add(outcome(request, open)));
    Outcome outcome;
    try {
      outcome = outcomes.poll(end - System.nanoTime(), TimeUnit.NANOSECONDS);
    } finally {
      close(open.get());
    }
    if (outcome == null) {
      throw late(request, new InterruptedIOException("no answer came"));
    }
    if (outcome.answer() == null) {
      throw new BangerException(
          ErrorCode.UNAVAILABLE,
          "cannot send " + request + " to Firecracker at " + socket,
          "the VM may have ended: look at its log with `banger vm logs --vmm`",
          outcome.failure());
    }
    return outcome.answer();
  }

  private BangerException late(ApiRequest request, @Nullable IOException cause) {
    return new BangerException(
        ErrorCode.TIMEOUT,
        "Firecracker did not answer " + request + " within " + limit.toSeconds() + " s",
        "the host may be overloaded; try again, or kill the VM",
        cause);
  }

  private Outcome outcome(ApiRequest request, AtomicReference<SocketChannel> open) {
    try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
      open.set(channel);
      ByteBuffer bytes = ByteBuffer.wrap(text(request).getBytes(StandardCharsets.UTF_8));
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      return new Outcome(ApiAnswer.read(Channels.newInputStream(channel)), null);
    } catch (IOException e) {
      return new Outcome(null, e);
    }
  }

  private static String text(ApiRequest request) {
    String head = request.method() + " " + request.path() + " HTTP/1.1\r\nHost: localhost\r\n";
    if (request.method() == ApiRequest.Method.GET) {
      return head + "Accept: application/json\r\n\r\n";
    }
    String body = ApiAnswer.JSON.toJson(request.body());
    return head
        + "Accept: application/json\r\nContent-Type: application/json\r\nContent-Length: "
        + body.getBytes(StandardCharsets.UTF_8).length
        + "\r\n\r\n"
        + body;
  }

  private static void close(@Nullable SocketChannel channel) {
    if (channel != null) {
      try {
        channel.close();
      } catch (IOException e) {
        // It is gone, which is what was wanted.
      }
    }
  }
}
