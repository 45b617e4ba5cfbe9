package dev.banger.net.port;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A guest whose servers are sockets of this process. */
final class FakeGuest implements GuestDialer, AutoCloseable {
  private final ServerSocket server;

  /** A client to whom nobody has spoken yet. */
  private final BlockingQueue<Socket> accepted = new LinkedBlockingQueue<>();

  volatile boolean refuses;

  /** The address at which a UDP server answers; -1: nowhere. */
  volatile int answersAt;

  final BlockingQueue<String> attempts = new LinkedBlockingQueue<>();

  FakeGuest() throws IOException {
    server = new ServerSocket(0, 500, InetAddress.getLoopbackAddress());
    Thread.ofPlatform().daemon().start(this::accept);
  }

  private void accept() {
    try {
      while (true) {
        accepted.add(server.accept());
      }
    } catch (IOException e) {
      // closed
    }
  }

  Socket next() throws Exception {
    Socket socket = accepted.poll(10, TimeUnit.SECONDS);
    if (socket == null) {
      throw new AssertionError("nobody has come");
    }
    return socket;
  }

  @Override
  public GuestLink dial(int port) throws BangerException {
    if (refuses) {
      throw new BangerException(ErrorCode.UNAVAILABLE, "nobody listens", "");
    }
    try {
      return new Link(new Socket(InetAddress.getLoopbackAddress(), server.getLocalPort()));
    } catch (IOException e) {
      throw new BangerException(ErrorCode.INTERNAL, "the test's own server is gone", "", e);
    }
  }

  private record Link(Socket socket) implements GuestLink {
    @Override
    public InputStream input() {
      return stream(socket::getInputStream);
    }

    @Override
    public OutputStream output() {
      return stream(socket::getOutputStream);
    }

    private interface Opening<T> {
      T open() throws IOException;
    }

    private static <T> T stream(Opening<T> opening) {
      try {
        return opening.open();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public void closeOutput() throws IOException {
      socket.shutdownOutput();
    }

    @Override
    public void reset() {
      try {
        socket.setSoLinger(true, 0);
        socket.close();
      } catch (IOException e) {
        // closed already
      }
    }

    @Override
    public void close() {
      try {
        socket.close();
      } catch (IOException e) {
        // closed already
      }
    }
  }

  /** Three addresses; a server at one of them sends everything back. */
  @Override
  public Optional<DatagramLink> datagrams(int port, int attempt) {
    attempts.add(port + "@" + attempt);
    return attempt > 2 ? Optional.empty() : Optional.of(new Echo(attempt == answersAt));
  }

  private static final class Echo implements DatagramLink {
    private final boolean there;
    private final BlockingQueue<Optional<byte[]>> answers = new LinkedBlockingQueue<>();

    Echo(boolean there) {
      this.there = there;
    }

    @Override
    public void send(byte[] datagram) {
      answers.add(there ? Optional.of(datagram) : Optional.empty());
    }

    @Override
    public byte[] receive() throws IOException {
      try {
        return answers.take().orElseThrow(() -> new IOException("nobody listens here"));
      } catch (InterruptedException e) {
        throw new IOException(e);
      }
    }

    @Override
    public void close() {
      answers.add(Optional.empty());
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
    for (Socket socket : accepted) {
      socket.close();
    }
  }
}
