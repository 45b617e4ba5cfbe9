package dev.banger.net.port;

import dev.banger.model.BangerException;
import java.util.Optional;

/** Reaches what listens in one guest, at whichever of its addresses. Threads share it. */
public interface GuestDialer {
  /** A connection to a TCP server; UNAVAILABLE when nobody listens on the port. */
  GuestLink dial(int port) throws BangerException, InterruptedException;

  /**
   * Towards a UDP server. Whether there is one shows only when a datagram was sent: then the next
   * address is to be tried.
   *
   * @param attempt which of the guest's addresses, from 0 on
   * @return empty when the guest has no more addresses
   */
  Optional<DatagramLink> datagrams(int port, int attempt)
      throws BangerException, InterruptedException;
}
