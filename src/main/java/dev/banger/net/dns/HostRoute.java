package dev.banger.net.dns;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.banger.lock.LeafLock;
import dev.banger.model.BangerException;
import dev.banger.privileged.HostResolver;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the host's resolver told that names of one domain are answered here, as long as this is
 * open: when the resolver begins anew, when the link is another, when the resolver cannot be
 * reached for a while. All on a thread of its own: nobody waits for it.
 */
public final class HostRoute implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(HostRoute.class);
  private static final Duration FIRST_PAUSE = Duration.ofSeconds(1);
  private static final Duration LONGEST_PAUSE = Duration.ofMinutes(1);
  private static final Duration END_LIMIT = Duration.ofSeconds(3);

  private record Target(String link, List<InetAddress> servers) {}

  private final HostResolver.Door door;
  private final String domain;
  private final Semaphore news = new Semaphore(0);
  private final LeafLock lock = new LeafLock("host-route");
  private volatile boolean ending;

  @GuardedBy("lock")
  private @Nullable Target target;

  @GuardedBy("lock")
  private @Nullable Thread keeper;

  // The keeper's own.
  private @Nullable HostResolver resolver;
  private boolean told;
  private boolean failed;

  /**
   * @param domain without dots around it
   */
  public HostRoute(HostResolver.Door door, String domain) {
    this.door = door;
    this.domain = domain;
  }

  /** For a host whose resolver is told nothing. */
  public static HostRoute nowhere() {
    return new HostRoute(news -> Optional.empty(), "vm");
  }

  /** From now on these addresses of this link answer; returns at once. */
  public void to(String link, List<InetAddress> servers) {
    lock.lock();
    try {
      target = new Target(link, List.copyOf(servers));
      if (keeper == null && !ending) {
        keeper = Thread.ofVirtual().name("host-route").start(this::keep);
      }
    } finally {
      lock.unlock();
    }
    again();
  }

  /** The link may be another of the same name; returns at once. */
  public void again() {
    news.release();
  }

  private void keep() {
    Duration pause = Duration.ZERO;
    try {
      while (!ending) {
        if (pause.isZero()) {
          news.acquire();
        } else {
          boolean _ = news.tryAcquire(pause.toNanos(), TimeUnit.NANOSECONDS);
        }
        int _ = news.drainPermits();
        pause = ending || tell() ? Duration.ZERO : next(pause);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      takeBack();
    }
  }

  private static Duration next(Duration pause) {
    Duration longer = pause.isZero() ? FIRST_PAUSE : pause.multipliedBy(2);
    return longer.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : longer;
  }

  /** False: it has to be tried again. */
  private boolean tell() {
    Target now = target();
    try {
      Optional<HostResolver> found = now == null ? Optional.empty() : resolver();
      if (now == null || found.isEmpty() || !found.get().isRunning()) {
        return true; // there is news when it comes
      }
      found.get().route(now.link(), now.servers(), domain);
      told = true;
      failed = false;
      LOG.info("the host resolves .{} by {} and {}", domain, now.link(), now.servers());
      return true;
    } catch (BangerException | RuntimeException e) {
      if (!failed) {
        LOG.warn("the host does not resolve .{} now; it is tried again", domain, e);
      }
      failed = true;
      return false;
    }
  }

  private @Nullable Target target() {
    lock.lock();
    try {
      return target;
    } finally {
      lock.unlock();
    }
  }

  private Optional<HostResolver> resolver() throws BangerException {
    HostResolver known = resolver;
    if (known != null && known.isConnected()) {
      return Optional.of(known);
    }
    if (known != null) {
      known.close();
    }
    resolver = door.open(this::again).orElse(null);
    return Optional.ofNullable(resolver);
  }

  private void takeBack() {
    HostResolver known = resolver;
    Target last = target();
    if (known == null) {
      return;
    }
    try {
      if (told && last != null && known.isConnected()) {
        known.revert(last.link());
      }
    } catch (BangerException | RuntimeException e) {
      LOG.warn("the host's resolver still asks for .{} here", domain, e);
    } finally {
      known.close();
    }
  }

  /** Takes back what was told, unless that lasts too long. */
  @Override
  public void close() {
    Thread running;
    lock.lock();
    try {
      ending = true;
      running = keeper;
    } finally {
      lock.unlock();
    }
    again();
    try {
      if (running != null && !running.join(END_LIMIT)) {
        LOG.warn("the host's resolver did not answer within {} s", END_LIMIT.toSeconds());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // it goes on by itself
    }
  }
}
