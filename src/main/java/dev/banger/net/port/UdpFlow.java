package dev.banger.net.port;

import dev.banger.model.BangerException;
import java.io.IOException;
import java.net.SocketAddress;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What one client of the host and the guest's server say to each other. A server that is not at one
 * of the guest's addresses is looked for at the next, with the last datagram sent again.
 */
final class UdpFlow {
  private static final Logger LOG = LoggerFactory.getLogger(UdpFlow.class);
  private static final int QUEUED_BYTES = 256 * 1024;
  private static final int QUEUED = 256;

  private static final Item LINK_ENDED = new Item(new byte[0], What.LINK_ENDED);
  private static final Item FLOW_ENDED = new Item(new byte[0], What.FLOW_ENDED);

  private enum What {
    DATAGRAM,
    LINK_ENDED,
    FLOW_ENDED
  }

  /** What the flow's thread has to do next. */
  private static final class Item {
    private final byte[] bytes;
    private final What what;

    Item(byte[] bytes, What what) {
      this.bytes = bytes;
      this.what = what;
    }
  }

  private final UdpRelay relay;
  private final SocketAddress client;
  private final GuestDialer dialer;
  private final BlockingQueue<Item> queue = new LinkedBlockingQueue<>();
  private final AtomicInteger queuedBytes = new AtomicInteger();
  private volatile long lastUsed = System.nanoTime();
  private volatile boolean answered;
  private volatile boolean over;

  UdpFlow(UdpRelay relay, SocketAddress client, GuestDialer dialer) {
    this.relay = relay;
    this.client = client;
    this.dialer = dialer;
  }

  long lastUsed() {
    return lastUsed;
  }

  void begin() {
    Thread.ofVirtual().name("datagrams-" + relay.label()).start(this::run);
  }

  /** From the client; more than a guest takes is lost. False: the flow has ended meanwhile. */
  boolean offer(byte[] datagram) {
    lastUsed = System.nanoTime();
    if (queue.size() < QUEUED && queuedBytes.get() < QUEUED_BYTES) {
      queuedBytes.addAndGet(datagram.length);
      queue.add(new Item(datagram, What.DATAGRAM));
    }
    return !over;
  }

  void end() {
    queue.add(FLOW_ENDED);
  }

  private void run() {
    try {
      talk();
    } catch (BangerException | IOException e) {
      LOG.debug("{} lost a client's datagrams", relay.label(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      over = true;
      relay.ended(client, this);
    }
  }

  /** Begins where the last client found a server; when none is there, tries all from the first. */
  private void talk() throws BangerException, InterruptedException, IOException {
    Item unanswered = next();
    int attempt = relay.lastGood();
    boolean again = attempt > 0;
    while (unanswered != null) {
      Optional<DatagramLink> link = dialer.datagrams(relay.guestPort(), attempt);
      if (link.isPresent()) {
        unanswered = talk(link.get(), attempt, unanswered);
      } else if (!again) {
        return;
      }
      attempt = again ? 0 : attempt + 1;
      again = false;
    }
  }

  /** Returns what is to be sent to another address; null: the flow has ended. */
  private @Nullable Item talk(DatagramLink link, int attempt, Item first)
      throws InterruptedException, IOException {
    try (link) {
      Thread.ofVirtual().name("answers-" + relay.label()).start(() -> answer(link, attempt));
      Item last = first;
      for (Item item = first; item != null; item = next()) {
        if (item.what == What.LINK_ENDED) {
          return answered ? null : last;
        }
        last = item;
        send(link, item.bytes);
      }
      return null;
    }
  }

  private static void send(DatagramLink link, byte[] datagram) {
    try {
      link.send(datagram);
    } catch (IOException e) {
      LOG.trace("a link has ended, which its reader will say", e);
    }
  }

  /** Null at the end. */
  private @Nullable Item next() throws InterruptedException {
    while (true) {
      long left = relay.idleLimit().toNanos() - (System.nanoTime() - lastUsed);
      over = left <= 0; // said before the last look: what comes later finds it said
      Item item = over ? queue.poll() : queue.poll(left, TimeUnit.NANOSECONDS);
      if (item == null ? over : item.what == What.FLOW_ENDED) {
        return null;
      }
      if (item != null) {
        over = false;
        queuedBytes.addAndGet(-item.bytes.length);
        return item;
      }
    }
  }

  private void answer(DatagramLink link, int attempt) {
    try {
      while (true) {
        byte[] datagram = link.receive();
        lastUsed = System.nanoTime();
        answered = true;
        relay.good(attempt);
        relay.answer(client, datagram);
      }
    } catch (IOException e) {
      LOG.trace("{} a link has ended", relay.label(), e);
    }
    queue.add(LINK_ENDED);
  }
}
