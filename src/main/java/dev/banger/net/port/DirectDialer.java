package dev.banger.net.port;

import dev.banger.model.BangerException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reaches a guest that has an address which this host can reach: by packets, without the channel.
 * What is refused there may be bound to the guest's loopback: the other way is tried then.
 */
public final class DirectDialer implements GuestDialer {
  private static final Logger LOG = LoggerFactory.getLogger(DirectDialer.class);
  private static final Duration LIMIT = Duration.ofSeconds(3);
  private static final int LARGEST = 65_535;

  private final InetAddress guest;
  private final GuestDialer otherwise;

  public DirectDialer(InetAddress guest, GuestDialer otherwise) {
    this.guest = guest;
    this.otherwise = otherwise;
  }

  @Override
  public GuestLink dial(int port) throws BangerException, InterruptedException {
    try {
      return connect(port);
    } catch (ConnectException e) {
      LOG.trace("nobody listens on {} port {}", guest, port, e);
    } catch (IOException e) {
      LOG.debug("cannot reach {} port {}", guest, port, e);
    }
    return otherwise.dial(port);
  }

  private GuestLink connect(int port) throws IOException {
    SocketChannel channel = SocketChannel.open();
    boolean connected = false;
    try {
      channel
          .socket()
          .connect(new InetSocketAddress(guest, port), Math.toIntExact(LIMIT.toMillis()));
      channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
      connected = true;
      return new Link(channel, Channels.newInputStream(channel), Channels.newOutputStream(channel));
    } finally {
      if (!connected) {
        channel.close();
      }
    }
  }

  @Override
  public Optional<DatagramLink> datagrams(int port, int attempt)
      throws BangerException, InterruptedException {
    if (attempt > 0) {
      return otherwise.datagrams(port, attempt - 1);
    }
    try {
      DatagramChannel channel = DatagramChannel.open();
      try {
        return Optional.of(new Datagrams(channel.connect(new InetSocketAddress(guest, port))));
      } catch (IOException e) {
        channel.close();
        throw e;
      }
    } catch (IOException e) {
      LOG.debug("cannot send to {} port {}", guest, port, e);
      return otherwise.datagrams(port, 0);
    }
  }

  private record Link(SocketChannel channel, InputStream input, OutputStream output)
      implements GuestLink {
    @Override
    public void closeOutput() throws IOException {
      channel.shutdownOutput();
    }

    @Override
    public void reset() {
      try {
        channel.setOption(StandardSocketOptions.SO_LINGER, 0);
      } catch (IOException e) {
        LOG.trace("a connection is closed already", e);
      }
      close();
    }

    @Override
    public void close() {
      try {
        channel.close();
      } catch (IOException e) {
        LOG.trace("a connection is closed already", e);
      }
    }
  }

  private record Datagrams(DatagramChannel channel) implements DatagramLink {
    @Override
    public void send(byte[] datagram) throws IOException {
      int _ = channel.write(ByteBuffer.wrap(datagram));
    }

    @Override
    public byte[] receive() throws IOException {
      ByteBuffer buffer = ByteBuffer.allocate(LARGEST);
      int _ = channel.read(buffer);
      byte[] datagram = new byte[buffer.flip().remaining()];
      buffer.get(datagram);
      return datagram;
    }

    @Override
    public void close() {
      try {
        channel.close();
      } catch (IOException e) {
        LOG.trace("a channel is closed already", e);
      }
    }
  }
}
