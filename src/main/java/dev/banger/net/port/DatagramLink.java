package dev.banger.net.port;

import java.io.IOException;

/** Datagrams to and from one address in a guest. */
public interface DatagramLink extends AutoCloseable {
  void send(byte[] datagram) throws IOException;

  /**
   * Waits for one.
   *
   * @throws IOException nobody listens there, or the link has ended
   */
  byte[] receive() throws IOException;

  /** Ends it, also for who waits in it. */
  @Override
  void close();
}
