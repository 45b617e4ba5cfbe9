package dev.banger.yamux;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Random and mutated frames: a session takes them or ends, and never hangs. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class YamuxFuzzTest {
  private static final int CASES = 100_000;

  /** Gives its bytes, then end of file; swallows what is written. */
  private static final class Script implements ByteChannel {
    private final ByteBuffer bytes;

    Script(byte[] bytes, int length) {
      this.bytes = ByteBuffer.wrap(bytes, 0, length);
    }

    @Override
    public int read(ByteBuffer to) {
      if (!bytes.hasRemaining()) {
        return -1;
      }
      int count = Math.min(bytes.remaining(), to.remaining());
      to.put(bytes.slice(bytes.position(), count));
      bytes.position(bytes.position() + count);
      return count;
    }

    @Override
    public int write(ByteBuffer from) {
      int count = from.remaining();
      from.position(from.limit());
      return count;
    }

    @Override
    public boolean isOpen() {
      return true;
    }

    @Override
    public void close() {}
  }

  @Test
  void randomAndMutatedFramesAreTakenOrEndTheSession() throws Exception {
    long seed = Long.getLong("banger.fuzz.seed", System.nanoTime());
    System.out.println("YamuxFuzzTest seed " + seed + " (-Dbanger.fuzz.seed=" + seed + ")");
    Random random = new Random(seed);
    byte[] bytes = new byte[4096];
    for (int i = 0; i < CASES; i++) {
      int length = i % 4 == 0 ? noise(random, bytes) : mutated(random, bytes);
      String name = "case " + i + " of seed " + seed;
      if (i % 20 == 0) {
        whole(bytes, length, name);
      } else {
        readerAlone(bytes, length, name);
      }
    }
  }

  private static void readerAlone(byte[] bytes, int length, String name) {
    Script script = new Script(bytes, 0);
    YamuxSession session = new YamuxSession(script, 2);
    new FrameReader(session, script, Arrays.copyOf(bytes, length)).run();
    assertThat(session.isOpen()).as(name).isFalse();
    session.onClosed(reason -> assertThat(reason).as(name).hasMessageNotContaining("failed"));
  }

  private static void whole(byte[] bytes, int length, String name) throws InterruptedException {
    CountDownLatch ended = new CountDownLatch(1);
    YamuxSession session = YamuxSession.server(new Script(bytes, length));
    useStreams(session);
    session.onClosed(reason -> ended.countDown());
    assertThat(ended.await(10, TimeUnit.SECONDS)).as(name).isTrue();
    assertThat(session.openStreams()).as(name).isZero();
  }

  /** Opens, reads and writes, and takes whatever comes. */
  private static void useStreams(YamuxSession session) throws InterruptedException {
    try {
      YamuxStream own = session.open();
      own.output().write(new byte[100]);
      YamuxStream stream = session.accept();
      stream.output().write(new byte[1000]);
      stream.input().readAllBytes();
    } catch (IOException e) {
      assertThat(e).hasMessageNotContaining("failed");
    }
  }

  private static int noise(Random random, byte[] bytes) {
    random.nextBytes(bytes);
    bytes[0] = 0;
    bytes[1] = (byte) random.nextInt(5);
    return random.nextInt(200);
  }

  /** A plausible conversation, of which a few bytes are changed, dropped or doubled. */
  private static int mutated(Random random, byte[] bytes) {
    ByteBuffer out = ByteBuffer.wrap(bytes);
    int frames = 1 + random.nextInt(12);
    for (int i = 0; i < frames; i++) {
      int stream = random.nextInt(8);
      int flags = random.nextInt(3) == 0 ? random.nextInt(16) : stream % 2;
      int type = random.nextInt(8) == 0 ? random.nextInt(5) : random.nextInt(2);
      int length = type == Frame.DATA ? random.nextInt(200) : random.nextInt(100_000);
      Frame.putHeader(out, type, flags, stream, length);
      if (type == Frame.DATA) {
        out.position(out.position() + length);
      }
    }
    int length = out.position();
    for (int i = random.nextInt(4); i > 0; i--) {
      bytes[random.nextInt(length)] = (byte) random.nextInt();
    }
    return random.nextInt(4) == 0 ? random.nextInt(length) : length;
  }
}
