package dev.banger.net;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.privileged.HostNetwork;
import dev.banger.privileged.LinuxNetwork;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the packet filter as the VMs are. One thread writes; what is asked while it writes goes
 * into the next transaction, all of it together.
 */
final class Firewall {
  private static final Logger LOG = LoggerFactory.getLogger(Firewall.class);
  private static final Duration LIMIT = Duration.ofSeconds(20);

  /** What shall be of one tap; a change without one asks for everything anew. */
  private record Change(
      String tap, Optional<Plug> plug, CompletableFuture<Boolean> written, boolean last) {}

  /** A change that is being written; who wants to be sure of it waits. */
  record Written(CompletableFuture<Boolean> future) {
    void await() throws BangerException, InterruptedException {
      try {
        boolean _ = future.get(LIMIT.toNanos(), TimeUnit.NANOSECONDS);
      } catch (ExecutionException e) {
        throw e.getCause() instanceof BangerException known
            ? known
            : new BangerException(
                ErrorCode.INTERNAL, "cannot write the packet filter", "", e.getCause());
      } catch (TimeoutException e) {
        throw new BangerException(
            ErrorCode.TIMEOUT,
            "the packet filter was not written within " + LIMIT.toSeconds() + " s",
            "another program may hold it; try again",
            e);
      }
    }
  }

  private final HostNetwork host;
  private final Ruleset ruleset;
  private final BlockingQueue<Change> asked = new LinkedBlockingQueue<>();
  private final Map<String, Plug> plugs = new LinkedHashMap<>(); // the writer's alone
  private final Thread writer;

  Firewall(HostNetwork host, Ruleset ruleset) {
    this.host = host;
    this.ruleset = ruleset;
    this.writer = Thread.ofPlatform().daemon().name(LinuxNetwork.WRITER).start(this::write);
  }

  Written plug(Plug plug) {
    return ask(plug.tap(), Optional.of(plug));
  }

  Written unplug(String tap) {
    return ask(tap, Optional.empty());
  }

  /** Both tables anew. */
  Written rewrite() {
    return ask("", Optional.empty());
  }

  private Written ask(String tap, Optional<Plug> plug) {
    CompletableFuture<Boolean> written = new CompletableFuture<>();
    asked.add(new Change(tap, plug, written, false));
    return new Written(written);
  }

  private void write() {
    try {
      boolean more = true;
      while (more) {
        List<Change> round = new ArrayList<>(List.of(asked.take()));
        asked.drainTo(round);
        more = round.stream().noneMatch(Change::last);
        write(round);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void write(List<Change> round) {
    boolean whole = false;
    StringBuilder text = new StringBuilder();
    for (Change change : round) {
      if (change.tap().isEmpty()) {
        whole |= !change.last();
        continue;
      }
      Plug before = plugs.remove(change.tap());
      if (before != null) {
        text.append(ruleset.removed(before));
      }
      change
          .plug()
          .ifPresent(plug -> {
            plugs.put(plug.tap(), plug);
            text.append(ruleset.added(plug));
          });
    }
    try {
      if (whole) {
        String _ = host.filter(ruleset.whole(plugs.values()));
      } else if (!text.isEmpty()) {
        changeOrRewrite(text.toString());
      }
      round.forEach(change -> change.written().complete(true));
    } catch (BangerException | RuntimeException e) {
      LOG.error("the packet filter cannot be written", e);
      round.forEach(change -> change.written().completeExceptionally(e));
    }
  }

  /** A change that does not fit what is there means that somebody else has changed it. */
  private void changeOrRewrite(String text) throws BangerException {
    try {
      String _ = host.filter(text);
    } catch (BangerException e) {
      LOG.warn("the packet filter is not as it was left: it is written anew", e);
      String _ = host.filter(ruleset.whole(plugs.values()));
    }
  }

  /** What was asked for is written; the tables stay. */
  void close() throws InterruptedException {
    asked.add(new Change("", Optional.empty(), new CompletableFuture<>(), true));
    boolean _ = writer.join(LIMIT);
    List<Change> late = new ArrayList<>();
    asked.drainTo(late);
    late.forEach(change ->
        change
            .written()
            .completeExceptionally(
                new BangerException(
                    ErrorCode.CANCELLED, "the packet filter is written no longer", "")));
  }
}
