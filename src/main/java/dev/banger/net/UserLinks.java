package dev.banger.net;

import dev.banger.config.NetworkSettings;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.proc.Binaries;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;

/** The daemon's {@link UserLink}: chosen once, on a thread of its own. */
public final class UserLinks {
  private static final Duration LIMIT = Duration.ofSeconds(10);

  private final FutureTask<UserLink> choice;
  private final AtomicBoolean begun = new AtomicBoolean();

  public UserLinks(NetworkSettings.User wanted, Binaries binaries) {
    this.choice = new FutureTask<>(() -> UserLink.choose(wanted, binaries));
  }

  /** Begins to choose, if nobody did before. */
  public void begin() {
    if (begun.compareAndSet(false, true)) {
      Thread _ = Thread.ofVirtual().name("user-network").start(choice);
    }
  }

  /** What was chosen; waits for it. */
  public UserLink get() throws BangerException, InterruptedException {
    begin();
    try {
      return choice.get(LIMIT.toNanos(), TimeUnit.NANOSECONDS);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof BangerException known
          ? known
          : new BangerException(ErrorCode.INTERNAL, "cannot choose the VMs' network", "", e);
    } catch (TimeoutException e) {
      throw new BangerException(
          ErrorCode.TIMEOUT,
          "passt did not say its version within " + LIMIT.toSeconds() + " s",
          "set network.user = \"qemu\" to do without it",
          e);
    }
  }
}
