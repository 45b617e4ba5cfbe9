package dev.banger.ffm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

final class PollerTest {
  @Test
  void callsOnceForADescriptorThatIsReadable() throws Exception {
    int readable = EventCalls.eventfd(1);
    try (Poller poller = new Poller("test")) {
      CountDownLatch called = new CountDownLatch(1);
      long key = poller.watch(readable, called::countDown);
      assertThat(called.await(5, TimeUnit.SECONDS)).isTrue();
      assertThat(poller.forget(key)).isFalse();
    } finally {
      ProcessCalls.close(readable);
    }
  }

  @Test
  void forgetsADescriptorThatNeverBecomesReadable() throws Exception {
    int silent = EventCalls.eventfd(0);
    try (Poller poller = new Poller("test")) {
      long key = poller.watch(silent, () -> {});
      assertThat(poller.forget(key)).isTrue();
      assertThat(poller.forget(key)).isFalse();
    } finally {
      ProcessCalls.close(silent);
    }
  }

  @Test
  void survivesACallbackThatThrows() throws Exception {
    int first = EventCalls.eventfd(1);
    int second = EventCalls.eventfd(1);
    try (Poller poller = new Poller("test")) {
      poller.watch(
          first,
          () -> {
            throw new IllegalStateException("on purpose");
          });
      CountDownLatch called = new CountDownLatch(1);
      poller.watch(second, called::countDown);
      assertThat(called.await(5, TimeUnit.SECONDS)).isTrue();
    } finally {
      ProcessCalls.close(first);
      ProcessCalls.close(second);
    }
  }

  @Test
  void refusesAWrongDescriptorAndSaysWhy() throws Exception {
    try (Poller poller = new Poller("test")) {
      assertThatThrownBy(() -> poller.watch(-1, () -> {}))
          .isInstanceOf(SystemCallException.class)
          .hasMessage("epoll_ctl: Bad file descriptor");
    }
  }

  @Test
  void closingLeavesNoDescriptorAndNoThread() throws Exception {
    try (Poller warm = new Poller("warm")) {
      assertThat(warm).isNotNull();
    }
    long before = descriptors();
    for (int i = 0; i < 10; i++) {
      new Poller("test-leak").close();
    }
    assertThat(descriptors()).isLessThan(before + 10);
    assertThat(Thread.getAllStackTraces().keySet())
        .noneMatch(thread -> thread.getName().equals("test-leak"));
  }

  private static long descriptors() throws IOException {
    try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
      return open.count();
    }
  }
}
