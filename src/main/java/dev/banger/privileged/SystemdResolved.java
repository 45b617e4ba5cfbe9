package dev.banger.privileged;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.freedesktop.dbus.connections.IDisconnectCallback;
import org.freedesktop.dbus.connections.impl.DBusConnection;
import org.freedesktop.dbus.connections.impl.DBusConnectionBuilder;
import org.freedesktop.dbus.exceptions.DBusException;
import org.freedesktop.dbus.interfaces.DBus;
import org.freedesktop.dbus.messages.MethodCall;
import org.jspecify.annotations.Nullable;

/** systemd-resolved(8), by the system bus. Never started by a question: only asked when it runs. */
public final class SystemdResolved implements HostResolver {
  private static final String NAME = "org.freedesktop.resolve1";
  private static final Path BUS = Path.of("/run/dbus/system_bus_socket");
  private static final Duration LIMIT = Duration.ofSeconds(5);
  private static final int AF_INET = 2;
  private static final int AF_INET6 = 10;
  private static final String NO = "no";

  private final DBusConnection bus;
  private final DBus names;
  private final ResolveManager manager;

  private SystemdResolved(DBusConnection bus, Runnable news) throws DBusException {
    this.bus = bus;
    this.names =
        bus.getRemoteObject("org.freedesktop.DBus", "/org/freedesktop/DBus", DBus.class, false);
    this.manager =
        bus.getRemoteObject(NAME, "/org/freedesktop/resolve1", ResolveManager.class, false);
    AutoCloseable _ =
        bus.addSigHandler(
            DBus.NameOwnerChanged.class,
            change -> {
              if (change.name.equals(NAME) && !change.newOwner.isEmpty()) {
                news.run();
              }
            });
  }

  /** As {@link HostResolver.Door}: empty where there is no system bus. */
  public static Optional<HostResolver> open(Runnable news) throws BangerException {
    return Files.exists(BUS) ? Optional.of(open("unix:path=" + BUS, news)) : Optional.empty();
  }

  static HostResolver open(String address, Runnable news) throws BangerException {
    MethodCall.setDefaultTimeout(LIMIT.toMillis());
    DBusConnection bus = null;
    try {
      bus =
          DBusConnectionBuilder.forAddress(address)
              .withShared(false)
              .withDisconnectCallback(
                  new IDisconnectCallback() {
                    @Override
                    public void disconnectOnError(@Nullable IOException cause) {
                      news.run();
                    }
                  })
              .transportConfig()
              .withTimeout((int) LIMIT.toMillis())
              .back()
              .build();
      return new SystemdResolved(bus, news);
    } catch (DBusException | RuntimeException e) {
      if (bus != null) {
        bus.disconnect();
      }
      throw new BangerException(
          ErrorCode.UNAVAILABLE,
          "cannot connect to the system bus at " + address,
          "`systemctl status dbus` shows whether it runs",
          e);
    }
  }

  @Override
  public boolean isRunning() throws BangerException {
    try {
      return names.NameHasOwner(NAME);
    } catch (RuntimeException e) {
      throw failure("cannot ask the system bus whether systemd-resolved runs", e);
    }
  }

  @Override
  public boolean isConnected() {
    return bus.isConnected();
  }

  @Override
  public void route(String link, List<InetAddress> servers, String domain) throws BangerException {
    int index =
        index(link)
            .orElseThrow(() ->
                new BangerException(
                    ErrorCode.NOT_FOUND, "there is no interface " + link + " to resolve by", ""));
    List<ResolveManager.Server> all = new ArrayList<>();
    for (InetAddress server : servers) {
      all.add(
          new ResolveManager.Server(
              server instanceof Inet4Address ? AF_INET : AF_INET6, bytes(server)));
    }
    try {
      // First what keeps other names away, so that at no moment they are asked here.
      manager.setLinkDefaultRoute(index, false);
      manager.setLinkLlmnr(index, NO);
      manager.setLinkMulticastDns(index, NO);
      manager.setLinkDnsOverTls(index, NO);
      manager.setLinkDnssec(index, NO);
      manager.setLinkDomains(index, List.of(new ResolveManager.Domain(domain, true)));
      manager.setLinkDns(index, all);
    } catch (RuntimeException e) {
      throw failure("cannot tell systemd-resolved who answers ." + domain + " on " + link, e);
    }
  }

  private static List<Byte> bytes(InetAddress address) {
    List<Byte> bytes = new ArrayList<>();
    for (byte each : address.getAddress()) {
      bytes.add(each);
    }
    return bytes;
  }

  @Override
  public void revert(String link) throws BangerException {
    OptionalInt index = index(link);
    if (index.isEmpty() || !isRunning()) {
      return;
    }
    try {
      manager.revertLink(index.getAsInt());
    } catch (RuntimeException e) {
      throw failure("cannot take back what systemd-resolved was told of " + link, e);
    }
  }

  private static OptionalInt index(String link) throws BangerException {
    try {
      NetworkInterface found = NetworkInterface.getByName(link);
      return found == null ? OptionalInt.empty() : OptionalInt.of(found.getIndex());
    } catch (SocketException e) {
      throw new BangerException(ErrorCode.INTERNAL, "cannot look at the interface " + link, "", e);
    }
  }

  private static BangerException failure(String tried, RuntimeException cause) {
    return new BangerException(
        ErrorCode.UNAVAILABLE, tried, "`resolvectl status` shows what it knows", cause);
  }

  @Override
  public void close() {
    bus.disconnect();
  }
}
