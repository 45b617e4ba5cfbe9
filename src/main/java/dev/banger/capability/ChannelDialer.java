package dev.banger.capability;

import dev.banger.guest.Guest;
import dev.banger.guest.GuestAddress;
import dev.banger.guest.GuestDatagrams;
import dev.banger.guest.GuestError;
import dev.banger.guest.GuestStream;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.net.port.DatagramLink;
import dev.banger.net.port.GuestDialer;
import dev.banger.net.port.GuestLink;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntFunction;

/**
 * Reaches a guest's servers through its channel, so whatever network it has: those that listen on
 * its loopback only, those that listen on its own address only, and those on the loopback of IPv6.
 */
public final class ChannelDialer implements GuestDialer {
  private static final String LOOPBACK = "127.0.0.1";
  private static final String LOOPBACK_6 = "::1";

  private final GuestSource guest;
  private final List<IntFunction<GuestAddress>> places;

  /** By port: where a server was found last. */
  private final Map<Integer, Integer> found = new ConcurrentHashMap<>();

  /**
   * @param addresses of the guest's interfaces, IPv4 in digits
   */
  public ChannelDialer(GuestSource guest, List<String> addresses) {
    this.guest = guest;
    List<IntFunction<GuestAddress>> all = new ArrayList<>();
    all.add(port -> new GuestAddress.Tcp4(LOOPBACK, port));
    for (String address : addresses) {
      all.add(port -> new GuestAddress.Tcp4(address, port));
    }
    all.add(port -> new GuestAddress.Tcp6(LOOPBACK_6, port));
    places = List.copyOf(all);
  }

  @Override
  public GuestLink dial(int port) throws BangerException, InterruptedException {
    Guest now = guest.get();
    int likely = found.getOrDefault(port, 0);
    BangerException refusal = null;
    for (int i = 0; i < places.size(); i++) {
      int place = i == 0 ? likely : i <= likely ? i - 1 : i;
      try {
        GuestStream stream = now.connect(places.get(place).apply(port));
        if (place != likely) {
          found.put(port, place);
        }
        return new Link(stream);
      } catch (BangerException e) {
        if (!isNobodyThere(e)) {
          throw e;
        }
        refusal = e;
      }
    }
    throw new BangerException(
        ErrorCode.UNAVAILABLE,
        "nobody listens on port " + port + " of the guest",
        "`banger vm ports` shows who listens where",
        refusal);
  }

  private static boolean isNobodyThere(BangerException e) {
    return e.getCause() instanceof GuestError error && error.saysNobodyIsThere();
  }

  @Override
  public Optional<DatagramLink> datagrams(int port, int attempt)
      throws BangerException, InterruptedException {
    if (attempt >= places.size()) {
      return Optional.empty();
    }
    return Optional.of(new Datagrams(guest.get().datagrams(places.get(attempt).apply(port))));
  }

  private record Link(GuestStream stream) implements GuestLink {
    @Override
    public InputStream input() {
      return stream.input();
    }

    @Override
    public OutputStream output() {
      return stream.output();
    }

    @Override
    public void closeOutput() {
      stream.closeOutput();
    }

    @Override
    public void reset() {
      stream.reset();
    }

    @Override
    public void close() {
      stream.close();
    }
  }

  private record Datagrams(GuestDatagrams datagrams) implements DatagramLink {
    @Override
    public void send(byte[] datagram) throws IOException {
      datagrams.send(datagram);
    }

    @Override
    public byte[] receive() throws IOException {
      return datagrams.receive();
    }

    @Override
    public void close() {
      datagrams.close();
    }
  }
}
