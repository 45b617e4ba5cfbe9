package dev.banger.net;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.net.egress.Egress;
import dev.banger.privileged.HostNetwork;
import dev.banger.privileged.LinuxNetwork;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the packet filter as the VMs are. One thread writes; what is asked while it writes goes
 * into the next transaction, all of it together.
 */
final class Firewall {
  private static final Logger LOG = LoggerFactory.getLogger(Firewall.class);
  private static final Duration LIMIT = Duration.ofSeconds(20);

  private sealed interface Wish {}

  /** What shall be of one tap; empty: nothing. */
  private record Be(String tap, Optional<Plug> plug) implements Wish {}

  /** Pins for what is on a tap, if it has this egress still. */
  private record More(String tap, Egress egress, Map<Pin, Instant> pins, Set<InetAddress> gone)
      implements Wish {}

  private record Anew() implements Wish {}

  private record Last() implements Wish {}

  /** True: it came to be so. */
  private record Change(Wish wish, CompletableFuture<Boolean> written) {}

  /** A change that is being written; who wants to be sure of it waits. */
  record Written(CompletableFuture<Boolean> future) {
    void await() throws BangerException, InterruptedException {
      boolean _ = isDone();
    }

    /** Waits; false: it was not possible any more. */
    boolean isDone() throws BangerException, InterruptedException {
      try {
        return future.get(LIMIT.toNanos(), TimeUnit.NANOSECONDS);
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
    return ask(new Be(plug.tap(), Optional.of(plug)));
  }

  Written unplug(String tap) {
    return ask(new Be(tap, Optional.empty()));
  }

  /**
   * Lets a VM connect to these addresses; not done when it has another egress by now.
   *
   * @param gone addresses to which none of its pins leads any more
   */
  Written pin(String tap, Egress egress, Map<Pin, Instant> pins, Set<InetAddress> gone) {
    return ask(new More(tap, egress, pins, gone));
  }

  /** Both tables anew. */
  Written rewrite() {
    return ask(new Anew());
  }

  /** Where these addresses wanted to go, as the kernel noted it. */
  List<Destination> seen(List<InetAddress> senders, Instant now) throws BangerException {
    return SeenSets.of(ruleset.seen().printed(host), senders, now);
  }

  /** Forgets that these addresses reached these targets by TCP, where that began then. */
  void forget(List<InetAddress> senders, Set<InetSocketAddress> targets, Instant since, Instant now)
      throws BangerException {
    SeenSets seen = ruleset.seen();
    String commands = seen.forgotten(seen.printed(host), senders, targets, since, now);
    if (!commands.isEmpty()) {
      String _ = host.filter(commands);
    }
  }

  private Written ask(Wish wish) {
    CompletableFuture<Boolean> written = new CompletableFuture<>();
    asked.add(new Change(wish, written));
    return new Written(written);
  }

  private void write() {
    try {
      boolean more = true;
      while (more) {
        List<Change> round = new ArrayList<>(List.of(asked.take()));
        asked.drainTo(round);
        more = round.stream().noneMatch(change -> change.wish() instanceof Last);
        write(round);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void write(List<Change> round) {
    StringBuilder text = new StringBuilder();
    List<Boolean> done = new ArrayList<>();
    for (Change change : round) {
      done.add(apply(change.wish(), text));
    }
    try {
      if (round.stream().anyMatch(change -> change.wish() instanceof Anew)) {
        writeWhole();
      } else if (!text.isEmpty()) {
        changeOrRewrite(text.toString());
      }
      for (int i = 0; i < round.size(); i++) {
        round.get(i).written().complete(done.get(i));
      }
    } catch (BangerException | RuntimeException e) {
      LOG.error("the packet filter cannot be written", e);
      round.forEach(change -> change.written().completeExceptionally(e));
    }
  }

  /** Adds the commands that make it so; false: it is not possible any more. */
  private boolean apply(Wish wish, StringBuilder text) {
    switch (wish) {
      case Be(String tap, Optional<Plug> plug) -> {
        Plug before = plugs.remove(tap);
        if (before != null) {
          text.append(ruleset.removed(before));
        }
        plug.ifPresent(now -> {
          plugs.put(tap, now);
          text.append(ruleset.added(now));
        });
      }
      case More more -> {
        Plug before = plugs.get(more.tap());
        if (before == null || !before.egress().equals(more.egress())) {
          return false;
        }
        Plug now = before.with(more.pins(), more.gone());
        plugs.put(more.tap(), now);
        Set<InetAddress> addresses =
            more.pins().keySet().stream().map(Pin::address).collect(Collectors.toSet());
        text.append(ruleset.unpinned(before, more.gone())).append(ruleset.pinned(now, addresses));
      }
      case Anew _, Last _ -> {}
    }
    return true;
  }

  /** A change that does not fit what is there means that somebody else has changed it. */
  private void changeOrRewrite(String text) throws BangerException {
    try {
      String _ = host.filter(text);
    } catch (BangerException e) {
      LOG.warn("the packet filter is not as it was left: it is written anew", e);
      writeWhole();
    }
  }

  /** What the kernel noted is kept, if it is there still. */
  private void writeWhole() throws BangerException {
    try {
      String seen = ruleset.seen().kept(ruleset.seen().printed(host));
      String _ = host.filter(ruleset.whole(plugs.values(), seen));
    } catch (BangerException e) {
      LOG.debug("what was noted of VMs' destinations cannot be kept", e);
      String _ = host.filter(ruleset.whole(plugs.values(), ""));
    }
  }

  /** What was asked for is written; the tables stay. */
  void close() throws InterruptedException {
    asked.add(new Change(new Last(), new CompletableFuture<>()));
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
