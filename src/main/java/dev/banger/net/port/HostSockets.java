package dev.banger.net.port;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.store.PublicationRow.Protocol;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ProtocolFamily;
import java.net.StandardProtocolFamily;
import java.nio.channels.DatagramChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** Sockets of this host that wait for clients; a refusal says who is in the way. */
final class HostSockets {
  private static final int BACKLOG = 512;
  private static final Path UNPRIVILEGED = Path.of("/proc/sys/net/ipv4/ip_unprivileged_port_start");

  private final SocketOwners owners = new SocketOwners(Path.of("/proc"));

  /** Where a socket shall be. */
  record Place(Protocol protocol, String address, int port) {
    InetSocketAddress socket() {
      return new InetSocketAddress(Addresses.of(address), port);
    }

    boolean isWildcard() {
      return socket().getAddress().isAnyLocalAddress();
    }

    @Override
    public String toString() {
      return (address.indexOf(':') < 0 ? address : "[" + address + "]") + ":" + port;
    }
  }

  ServerSocketChannel listen(Place place) throws BangerException {
    try {
      ServerSocketChannel server = ServerSocketChannel.open(family(place));
      try {
        return server.bind(place.socket(), BACKLOG);
      } catch (IOException e) {
        server.close();
        throw e;
      }
    } catch (IOException | UnsupportedOperationException e) {
      throw refusal(place, e);
    }
  }

  DatagramChannel receive(Place place) throws BangerException {
    try {
      DatagramChannel channel = DatagramChannel.open(family(place));
      try {
        return channel.bind(place.socket());
      } catch (IOException e) {
        channel.close();
        throw e;
      }
    } catch (IOException | UnsupportedOperationException e) {
      throw refusal(place, e);
    }
  }

  /** Throws what a socket there would meet now. Sockets of this daemon do not count. */
  void requireFree(Place place) throws BangerException {
    try {
      switch (place.protocol()) {
        case TCP -> listen(place).close();
        case UDP -> receive(place).close();
      }
    } catch (BangerException e) {
      if (e.code() != ErrorCode.IN_USE || !isOurs(place)) {
        throw e;
      }
    } catch (IOException e) {
      throw refusal(place, e);
    }
  }

  private boolean isOurs(Place place) {
    List<SocketOwners.Owner> found = owners(place);
    long self = ProcessHandle.current().pid();
    return !found.isEmpty() && found.stream().allMatch(owner -> owner.pid() == self);
  }

  private List<SocketOwners.Owner> owners(Place place) {
    return owners.of(place.protocol(), place.socket().getAddress(), place.port());
  }

  private static ProtocolFamily family(Place place) {
    InetAddress address = place.socket().getAddress();
    return address instanceof Inet4Address
        ? StandardProtocolFamily.INET
        : StandardProtocolFamily.INET6;
  }

  private BangerException refusal(Place place, Exception why) {
    String tried = "cannot publish on " + place + "/" + place.protocol();
    String message = String.valueOf(why.getMessage()).toLowerCase(Locale.ROOT);
    if (message.contains("in use")) {
      List<SocketOwners.Owner> found = owners(place);
      String who =
          found.isEmpty()
              ? "a process that this user cannot see"
              : found.stream().map(Object::toString).collect(Collectors.joining(", "));
      return new BangerException(
          ErrorCode.IN_USE,
          tried + ": " + who + " listens there",
          "end it, or choose another port of the host",
          why);
    }
    if (message.contains("permission")) {
      return new BangerException(
          ErrorCode.PERMISSION,
          tried + ": this user may not listen on so low a port",
          "choose a port from 1024 on; " + UNPRIVILEGED + " says from where on a user may",
          why);
    }
    return message.contains("cannot assign")
        ? new BangerException(
            ErrorCode.INVALID,
            tried + ": this host does not have that address",
            "`ip address` shows those that it has",
            why)
        : new BangerException(
            ErrorCode.HOST_UNSUPPORTED, tried, "see what this host's network allows", why);
  }
}
