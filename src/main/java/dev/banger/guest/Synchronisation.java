package dev.banger.guest;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Arrays;

/**
 * Finds the beginning of a new session in a byte stream that may be in the middle of an old one:
 * PROTOCOL.md section 1. Reads and writes at the same time, so it cannot block itself.
 */
final class Synchronisation {
  static final byte[] MAGIC = {
    (byte) 0xBA, 'B', 'A', 'N', 'G', 'E', 'R', '-', 'S', 'Y', 'N', 'C', '-', '1', '\r', '\n'
  };
  static final int HELLO_BYTES = 32;

  /** Ends any frame that the agent may be in the middle of. */
  static final int FILLER_BYTES = 65_548;

  private static final Duration FIRST_PAUSE = Duration.ofMillis(200);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);

  private final TimedChannel channel;
  private final boolean fresh;
  private byte[] hello = hello();
  private ByteBuffer toWrite = ByteBuffer.wrap(hello);
  private final ByteBuffer seen = ByteBuffer.allocate(64 * 1024);

  private Synchronisation(TimedChannel channel, boolean fresh) {
    this.channel = channel;
    this.fresh = fresh;
  }

  /** {@code fresh}: the guest has just been started, nobody spoke to it before. */
  static byte[] run(TimedChannel channel, boolean fresh) throws IOException {
    return new Synchronisation(channel, fresh).findStart();
  }

  /** Returns the bytes that were read behind the agent's answer. */
  private byte[] findStart() throws IOException {
    Duration pause = FIRST_PAUSE;
    long nextHello = System.nanoTime() + pause.toNanos();
    while (true) {
      boolean writing = toWrite.hasRemaining();
      Duration wait = fresh ? LONGEST_PAUSE : Duration.ofNanos(nextHello - System.nanoTime());
      if (channel.await(toWrite, wait.isPositive() ? wait : Duration.ofMillis(1))) {
        int start = search();
        if (start >= 0) {
          return Arrays.copyOfRange(seen.array(), start, seen.position());
        }
      }
      if (writing) {
        nextHello = System.nanoTime() + pause.toNanos();
      } else if (!fresh && System.nanoTime() - nextHello >= 0) {
        toWrite = fillerAndHello();
        pause = pause.multipliedBy(2);
        pause = pause.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : pause;
      }
    }
  }

  /** Where the session begins in {@link #seen}, or -1. Keeps only what may begin an answer. */
  private int search() throws IOException {
    if (channel.read(seen) < 0) {
      throw new EOFException("the channel was closed while waiting for the agent's answer");
    }
    int end = seen.position();
    for (int at = 0; at + HELLO_BYTES <= end; at++) {
      if (Arrays.equals(seen.array(), at, at + HELLO_BYTES, hello, 0, HELLO_BYTES)) {
        return at + HELLO_BYTES;
      }
    }
    int keep = Math.min(end, HELLO_BYTES - 1);
    seen.flip().position(end - keep);
    seen.compact();
    return -1;
  }

  /** A new nonce each time: an answer to an older HELLO that comes late is no beginning. */
  private ByteBuffer fillerAndHello() {
    hello = hello();
    byte[] bytes = new byte[FILLER_BYTES + HELLO_BYTES];
    Arrays.fill(bytes, 0, FILLER_BYTES, (byte) 0xFF);
    System.arraycopy(hello, 0, bytes, FILLER_BYTES, HELLO_BYTES);
    return ByteBuffer.wrap(bytes);
  }

  private static byte[] hello() {
    byte[] nonce = new byte[HELLO_BYTES - MAGIC.length];
    new SecureRandom().nextBytes(nonce);
    byte[] hello = Arrays.copyOf(MAGIC, HELLO_BYTES);
    System.arraycopy(nonce, 0, hello, MAGIC.length, nonce.length);
    return hello;
  }
}
