package dev.banger.net;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.banger.lock.LeafLock;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The network's parts, which take a while: made behind the daemon's start, and again, when that
 * failed, by whoever needs them next.
 */
final class Opening {
  private static final Logger LOG = LoggerFactory.getLogger(Opening.class);
  private static final Duration LIMIT = Duration.ofSeconds(30);

  /** Makes them. */
  @FunctionalInterface
  interface Maker {
    BridgeKeeper.Parts make() throws BangerException, InterruptedException;
  }

  private final Maker maker;
  private final LeafLock lock = new LeafLock("opening");

  @GuardedBy("lock")
  private CompletableFuture<BridgeKeeper.Parts> opened = new CompletableFuture<>();

  Opening(Maker maker) {
    this.maker = maker;
  }

  /** Makes them anew, on a thread of its own. */
  void begin() {
    CompletableFuture<BridgeKeeper.Parts> begun = new CompletableFuture<>();
    lock.lock();
    try {
      opened = begun;
    } finally {
      lock.unlock();
    }
    make(begun);
  }

  private void make(CompletableFuture<BridgeKeeper.Parts> into) {
    Thread _ =
        Thread.ofVirtual()
            .name("network")
            .start(() -> {
              try {
                into.complete(maker.make());
              } catch (BangerException | InterruptedException | RuntimeException e) {
                LOG.error("the VMs' network cannot be set up", e);
                into.completeExceptionally(e);
              }
            });
  }

  /** What there is at this moment; nobody waits. */
  Optional<BridgeKeeper.Parts> now() {
    lock.lock();
    try {
      return opened.isDone() && !opened.isCompletedExceptionally()
          ? Optional.of(opened.join())
          : Optional.empty();
    } finally {
      lock.unlock();
    }
  }

  /** What there is, or why there is nothing. */
  BridgeKeeper.Parts await() throws BangerException, InterruptedException {
    CompletableFuture<BridgeKeeper.Parts> now;
    lock.lock();
    try {
      now = opened;
    } finally {
      lock.unlock();
    }
    return await(now);
  }

  /** As {@link #await}, but a failure of before is no reason to fail again. */
  BridgeKeeper.Parts awaitOrRetry() throws BangerException, InterruptedException {
    CompletableFuture<BridgeKeeper.Parts> now;
    boolean again;
    lock.lock();
    try {
      again = opened.isCompletedExceptionally();
      if (again) {
        opened = new CompletableFuture<>();
      }
      now = opened;
    } finally {
      lock.unlock();
    }
    if (again) {
      make(now);
    }
    return await(now);
  }

  private static BridgeKeeper.Parts await(CompletableFuture<BridgeKeeper.Parts> opened)
      throws BangerException, InterruptedException {
    try {
      return opened.get(LIMIT.toNanos(), TimeUnit.NANOSECONDS);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof BangerException known
          ? known
          : new BangerException(
              ErrorCode.INTERNAL, "the VMs' network cannot be set up", "", e.getCause());
    } catch (TimeoutException e) {
      throw new BangerException(
          ErrorCode.TIMEOUT,
          "the VMs' network was not set up within " + LIMIT.toSeconds() + " s",
          "`banger daemon logs` says what it waits for",
          e);
    }
  }
}
