package dev.banger.privileged;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.banger.ffm.Netlink;
import dev.banger.ffm.NetlinkMessage;
import dev.banger.ffm.Poller;
import dev.banger.ffm.SystemCallException;
import dev.banger.model.Uninterruptibly;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hears of each change of interfaces, IPv4 addresses, routes and packet filters, and tells of those
 * that another process made; many at once are told as one.
 */
final class NetworkWatch implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(NetworkWatch.class);

  /** RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR and RTNLGRP_IPV4_ROUTE. */
  private static final int LINKS = 1;

  private static final int ADDRESSES = 5;
  private static final int ROUTES = 7;

  /** NFNLGRP_NFTABLES; a transaction ends with NFT_MSG_NEWGEN, which names its thread. */
  private static final int NFTABLES = 7;

  private static final int NEW_GENERATION = 10 << 8 | 15;
  private static final int GENERATION_THREAD = 3;
  private static final int FILTER_HEADER = 4;

  /** Our own taps come and go by these: what is missing is what counts. */
  private static final int DELETED_LINK = 17;

  private static final int DELETED_ADDRESS = 21;
  private static final int NEW_ROUTE = 24;
  private static final int CALM_MILLIS = 50;

  private final Netlink routes;
  private final Netlink filters;
  private final Poller poller;
  private final Semaphore news = new Semaphore(0);
  private final Thread teller;
  private final AtomicReference<Set<HostNetwork.Change>> changes = new AtomicReference<>(Set.of());

  NetworkWatch(HostNetwork.Listener listener) throws SystemCallException {
    routes = Netlink.open(Netlink.ROUTE, LINKS, ADDRESSES, ROUTES);
    try {
      filters = Netlink.open(Netlink.NETFILTER, NFTABLES);
    } catch (SystemCallException e) {
      routes.close();
      throw e;
    }
    poller = new Poller("network-watch");
    teller = Thread.ofVirtual().name("network-news").start(() -> tell(listener));
    watch(routes);
    watch(filters);
  }

  private void watch(Netlink socket) throws SystemCallException {
    long _ = poller.watch(socket.descriptor(), () -> hear(socket));
  }

  private void hear(Netlink socket) {
    try {
      Set<HostNetwork.Change> heard =
          socket.heard().stream()
              .flatMap(answer -> change(answer, socket == filters).stream())
              .collect(Collectors.toSet());
      if (!heard.isEmpty()) {
        Set<HostNetwork.Change> _ = changes.accumulateAndGet(heard, NetworkWatch::both);
        news.release();
      }
      watch(socket);
    } catch (SystemCallException | IllegalStateException e) {
      LOG.warn("the host's network is watched no longer", e);
    }
  }

  private static Set<HostNetwork.Change> both(
      Set<HostNetwork.Change> one, Set<HostNetwork.Change> other) {
    return Stream.concat(one.stream(), other.stream()).collect(Collectors.toUnmodifiableSet());
  }

  /** Empty: our own doing, or nothing that counts. */
  private static Optional<HostNetwork.Change> change(Netlink.Answer answer, boolean filter) {
    return switch (answer.type()) {
      case NEW_GENERATION ->
          isOwn(answer) ? Optional.empty() : Optional.of(HostNetwork.Change.FILTER);
      case DELETED_LINK, DELETED_ADDRESS -> Optional.of(HostNetwork.Change.LINKS);
      case NEW_ROUTE -> Optional.of(HostNetwork.Change.ROUTES);
      case Netlink.OVERRUN ->
          Optional.of(filter ? HostNetwork.Change.FILTER : HostNetwork.Change.LINKS);
      default -> Optional.empty();
    };
  }

  private static boolean isOwn(Netlink.Answer answer) {
    ByteBuffer body = answer.body().duplicate();
    body.position(Math.min(FILTER_HEADER, body.limit()));
    return NetlinkMessage.attributes(body).stream()
        .filter(a -> a.type() == GENERATION_THREAD)
        .anyMatch(a -> new String(a.bytes(), US_ASCII).strip().startsWith(LinuxNetwork.WRITER));
  }

  private void tell(HostNetwork.Listener listener) {
    try {
      while (true) {
        news.acquire();
        Thread.sleep(CALM_MILLIS); // what comes in a row is one change
        int _ = news.drainPermits();
        listener.changed(changes.getAndSet(Set.of()));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** What is being told is told to its end. */
  @Override
  public void close() throws SystemCallException {
    poller.close();
    teller.interrupt();
    Uninterruptibly.join(teller);
    routes.close();
    filters.close();
  }
}
