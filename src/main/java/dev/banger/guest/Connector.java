package dev.banger.guest;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.banger.yamux.YamuxSession;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;

/** Opens a guest's channel and begins a session on it. */
final class Connector {
  private static final int MAX_ANSWER = 64;
  private static final Duration FIRST_PAUSE = Duration.ofMillis(10);
  private static final Duration LONGEST_PAUSE = Duration.ofMillis(500);
  private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

  private Connector() {}

  /** {@code deadline} is a value of {@link System#nanoTime}. */
  static YamuxSession connect(GuestChannel where, boolean fresh, long deadline)
      throws IOException, InterruptedException {
    try (TimedChannel channel = open(where, deadline)) {
      byte[] alreadyRead = Synchronisation.run(channel, fresh);
      return YamuxSession.client(channel.release(), alreadyRead);
    }
  }

  private static TimedChannel open(GuestChannel where, long deadline)
      throws IOException, InterruptedException {
    return switch (where) {
      case GuestChannel.Serial serial -> TimedChannel.connect(serial.socket(), deadline);
      case GuestChannel.Vsock vsock -> openVsock(vsock, deadline);
    };
  }

  /** Firecracker closes the connection as long as nobody listens in the guest. */
  private static TimedChannel openVsock(GuestChannel.Vsock vsock, long deadline)
      throws IOException, InterruptedException {
    Duration pause = FIRST_PAUSE;
    while (true) {
      TimedChannel channel = TimedChannel.connect(vsock.socket(), deadline);
      try {
        greet(channel, vsock.port());
        return channel;
      } catch (EOFException e) {
        channel.close();
        if (deadline - System.nanoTime() < pause.toNanos()) {
          throw e;
        }
        Thread.sleep(pause);
        pause = pause.multipliedBy(2);
        pause = pause.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : pause;
      } catch (IOException e) {
        channel.close();
        throw e;
      }
    }
  }

  /** Reads byte by byte: what follows the line belongs to the guest. */
  private static void greet(TimedChannel channel, int port) throws IOException {
    ByteBuffer request = ByteBuffer.wrap(("CONNECT " + port + "\n").getBytes(US_ASCII));
    byte[] answer = new byte[MAX_ANSWER];
    int length = 0;
    while (length == 0 || answer[length - 1] != '\n') {
      if (length == MAX_ANSWER) {
        throw new MalformedException("Firecracker's answer to CONNECT has no end");
      }
      if (channel.await(request.hasRemaining() ? request : NOTHING, LONGEST_PAUSE)) {
        int count = channel.read(ByteBuffer.wrap(answer, length, 1));
        if (count < 0) {
          throw new EOFException("nobody listens on vsock port " + port + " of the guest");
        }
        length += count;
      }
    }
    String line = new String(Arrays.copyOf(answer, length - 1), US_ASCII);
    if (!line.startsWith("OK ")) {
      throw new MalformedException("Firecracker answered '" + line + "' to CONNECT");
    }
  }
}
