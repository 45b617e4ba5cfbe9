package dev.banger.net;

import dev.banger.model.BangerException;
import dev.banger.net.dns.DnsServer;
import dev.banger.net.dns.Names;
import java.net.InetSocketAddress;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The name server for this host itself, at an address of its loopback. It is opened behind the
 * daemon's start, and where another has the port the VMs just have no names there.
 */
public final class LoopbackDns implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(LoopbackDns.class);
  private static final Duration END = Duration.ofSeconds(5);

  private final Thread opening;
  private volatile @Nullable DnsServer server;
  private volatile @Nullable InetSocketAddress address;
  private volatile boolean closed;

  private LoopbackDns(InetSocketAddress where, Names names) {
    this.opening = Thread.ofVirtual().name("loopback-dns").start(() -> open(where, names));
  }

  /**
   * Begins to answer.
   *
   * @param where its port may be 0: any
   */
  public static LoopbackDns openInBackground(InetSocketAddress where, Names names) {
    return new LoopbackDns(where, names);
  }

  private void open(InetSocketAddress where, Names names) {
    DnsServer opened = DnsServer.ofVmsOnly(names);
    try {
      int port = opened.listen(where.getAddress(), where.getPort());
      server = opened;
      if (closed) {
        opened.close(); // who closed this saw no server yet
      }
      address = new InetSocketAddress(where.getAddress(), port);
      LOG.info(
          "names of VMs are answered at {} port {}", where.getAddress().getHostAddress(), port);
    } catch (BangerException e) {
      opened.close();
      LOG.warn(
          "names of VMs are not answered on loopback: {} ({}; network.dns in config.toml names"
              + " another port, or \"off\")",
          e.getMessage(),
          e.hint());
    }
  }

  /** Where it answers; null: nowhere. Waits until that is known. */
  public @Nullable InetSocketAddress address() throws InterruptedException {
    return opening.join(END) ? address : null;
  }

  @Override
  public void close() {
    closed = true;
    DnsServer opened = server;
    if (opened != null) {
      opened.close();
    }
  }
}
