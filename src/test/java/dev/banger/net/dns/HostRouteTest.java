package dev.banger.net.dns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.privileged.HostResolver;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class HostRouteTest {
  private static final Duration LIMIT = Duration.ofSeconds(10);
  private static final List<InetAddress> SERVERS = List.of(InetAddress.ofLiteral("10.87.0.1"));

  /** A host with a resolver that may run, fail, or hang. */
  private static final class FakeHost implements HostResolver.Door, HostResolver {
    final List<String> calls = new CopyOnWriteArrayList<>();
    final CountDownLatch stuck = new CountDownLatch(1);
    volatile Runnable news = () -> {};
    volatile boolean there = true;
    volatile boolean running = true;
    volatile boolean connected;
    volatile boolean hangs;
    final AtomicInteger failures = new AtomicInteger();

    @Override
    public Optional<HostResolver> open(Runnable listener) {
      if (!there) {
        return Optional.empty();
      }
      calls.add("open");
      news = listener;
      connected = true;
      return Optional.of(this);
    }

    @Override
    public boolean isRunning() {
      return running;
    }

    @Override
    public boolean isConnected() {
      return connected;
    }

    @Override
    public void route(String link, List<InetAddress> servers, String domain)
        throws BangerException {
      if (failures.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
        throw new BangerException(ErrorCode.UNAVAILABLE, "it is busy", "wait");
      }
      calls.add("route " + link + " " + servers.size() + " " + domain);
      if (hangs) {
        try {
          boolean _ = stuck.await(1, TimeUnit.MINUTES);
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
      }
    }

    @Override
    public void revert(String link) {
      calls.add("revert " + link);
    }

    @Override
    public void close() {
      calls.add("close");
      connected = false;
    }
  }

  private final FakeHost host = new FakeHost();
  private final HostRoute route = new HostRoute(host, "vm");

  private void awaitCalls(String... calls) {
    await().atMost(LIMIT).untilAsserted(() -> assertThat(host.calls).containsExactly(calls));
  }

  @Test
  void whatWasToldIsTakenBackAtTheEnd() throws Exception {
    route.to("banger0", SERVERS);
    awaitCalls("open", "route banger0 1 vm");
    route.close();
    assertThat(host.calls).containsExactly("open", "route banger0 1 vm", "revert banger0", "close");
  }

  @Test
  void aResolverThatBeginsAnewAndABridgeMadeAnewAreToldAgain() throws Exception {
    route.to("banger0", SERVERS);
    awaitCalls("open", "route banger0 1 vm");
    host.news.run();
    awaitCalls("open", "route banger0 1 vm", "route banger0 1 vm");
    route.again();
    awaitCalls("open", "route banger0 1 vm", "route banger0 1 vm", "route banger0 1 vm");
    route.close();
  }

  @Test
  void aLostConnectionIsMadeAgain() throws Exception {
    route.to("banger0", SERVERS);
    awaitCalls("open", "route banger0 1 vm");
    host.connected = false;
    host.news.run();
    awaitCalls("open", "route banger0 1 vm", "close", "open", "route banger0 1 vm");
    route.close();
  }

  @Test
  void aFailureIsTriedAgain() throws Exception {
    host.failures.set(1);
    route.to("banger0", SERVERS);
    awaitCalls("open", "route banger0 1 vm");
    route.close();
  }

  @Test
  void nothingIsToldWhereNobodyListensAndNothingTakenBack() throws Exception {
    host.running = false;
    route.to("banger0", SERVERS);
    awaitCalls("open");
    route.close();
    awaitCalls("open", "close");
    FakeHost none = new FakeHost();
    none.there = false;
    try (HostRoute nowhere = new HostRoute(none, "vm")) {
      nowhere.to("banger0", SERVERS);
    }
    try (HostRoute unused = new HostRoute(none, "vm")) {
      unused.again();
    }
    assertThat(none.calls).isEmpty();
  }

  @Test
  void aResolverThatHangsHoldsNobodyUpForLong() throws Exception {
    host.hangs = true;
    long begin = System.nanoTime();
    route.to("banger0", SERVERS);
    assertThat(System.nanoTime() - begin).isLessThan(1_000_000_000L);
    awaitCalls("open", "route banger0 1 vm");
    route.close();
    assertThat(System.nanoTime() - begin).isLessThan(30_000_000_000L);
    host.stuck.countDown();
  }
}
