package dev.banger.privileged;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.banger.ffm.Netlink;
import dev.banger.ffm.NetlinkMessage;
import dev.banger.ffm.Poller;
import dev.banger.ffm.SystemCallException;
import dev.banger.model.Uninterruptibly;
import java.nio.ByteBuffer;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hears of each change of interfaces, IPv4 addresses and packet filters, and tells of those that
 * another process made; many at once are told as one.
 */
final class NetworkWatch implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(NetworkWatch.class);

  /** RTNLGRP_LINK and RTNLGRP_IPV4_IFADDR. */
  private static final int LINKS = 1;

  private static final int ADDRESSES = 5;

  /** NFNLGRP_NFTABLES; a transaction ends with NFT_MSG_NEWGEN, which names its thread. */
  private static final int NFTABLES = 7;

  private static final int NEW_GENERATION = 10 << 8 | 15;
  private static final int GENERATION_THREAD = 3;
  private static final int FILTER_HEADER = 4;

  /** Our own taps come and go by these: what is missing is what counts. */
  private static final int DELETED_LINK = 17;

  private static final int DELETED_ADDRESS = 21;
  private static final int CALM_MILLIS = 50;

  private final Netlink routes;
  private final Netlink filters;
  private final Poller poller;
  private final Semaphore news = new Semaphore(0);
  private final Thread teller;
  private final AtomicBoolean filter = new AtomicBoolean();

  NetworkWatch(HostNetwork.Listener listener) throws SystemCallException {
    routes = Netlink.open(Netlink.ROUTE, LINKS, ADDRESSES);
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
      boolean foreign = socket.heard().stream().anyMatch(NetworkWatch::isForeign);
      if (foreign) {
        if (socket == filters) {
          filter.set(true);
        }
        news.release();
      }
      watch(socket);
    } catch (SystemCallException | IllegalStateException e) {
      LOG.warn("the host's network is watched no longer", e);
    }
  }

  private static boolean isForeign(Netlink.Answer answer) {
    if (answer.type() == NEW_GENERATION) {
      ByteBuffer body = answer.body().duplicate();
      body.position(Math.min(FILTER_HEADER, body.limit()));
      return NetlinkMessage.attributes(body).stream()
          .filter(a -> a.type() == GENERATION_THREAD)
          .noneMatch(a -> new String(a.bytes(), US_ASCII).strip().startsWith(LinuxNetwork.WRITER));
    }
    return answer.type() == DELETED_LINK
        || answer.type() == DELETED_ADDRESS
        || answer.type() == Netlink.OVERRUN;
  }

  private void tell(HostNetwork.Listener listener) {
    try {
      while (true) {
        news.acquire();
        Thread.sleep(CALM_MILLIS); // what comes in a row is one change
        int _ = news.drainPermits();
        listener.changed(filter.getAndSet(false));
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
