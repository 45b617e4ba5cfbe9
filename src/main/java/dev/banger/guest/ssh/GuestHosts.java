package dev.banger.guest.ssh;

import dev.banger.guest.ExecSpec;
import dev.banger.guest.ExecStart;
import dev.banger.guest.Guest;
import dev.banger.guest.GuestAddress;
import dev.banger.guest.GuestExec;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** Hosts as a client names them, seen from inside the guest. */
final class GuestHosts {
  private static final int MOST_PORT = 0xFFFF;
  private static final int MOST_OUTPUT = 64 << 10;
  private static final String NAME = "[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_.])?";

  private GuestHosts() {}

  /** Where to connect to, in the order to try; at least one. */
  static List<GuestAddress> addresses(Guest guest, String host, int port)
      throws BangerException, InterruptedException {
    requirePort(port);
    if (host.isEmpty() || host.toLowerCase(Locale.ROOT).equals("localhost")) {
      return List.of(new GuestAddress.Tcp4("127.0.0.1", port), new GuestAddress.Tcp6("::1", port));
    }
    try {
      return List.of(literal(host, port));
    } catch (IllegalArgumentException _) {
      return resolve(guest, host, port);
    }
  }

  /** Where to listen; the empty host and {@code *} are all addresses. */
  static GuestAddress listening(String host, int port) throws BangerException {
    requirePort(port);
    switch (host) {
      case "", "*", "0.0.0.0" -> {
        return new GuestAddress.Tcp4("0.0.0.0", port);
      }
      case "localhost" -> {
        return new GuestAddress.Tcp4("127.0.0.1", port);
      }
      default -> {
        try {
          return literal(host, port);
        } catch (IllegalArgumentException e) {
          throw invalid("'" + host + "' is no address to listen on");
        }
      }
    }
  }

  private static GuestAddress literal(String host, int port) {
    InetAddress address = InetAddress.ofLiteral(host);
    String digits = address.getHostAddress();
    return address instanceof Inet6Address
        ? new GuestAddress.Tcp6(digits, port)
        : new GuestAddress.Tcp4(digits, port);
  }

  private static void requirePort(int port) throws BangerException {
    if (port < 0 || port > MOST_PORT) {
      throw invalid(port + " is no port");
    }
  }

  private static BangerException invalid(String what) {
    return new BangerException(ErrorCode.INVALID, what, "");
  }

  /** By the guest's own resolver, which is a program there: it may be missing. */
  private static List<GuestAddress> resolve(Guest guest, String host, int port)
      throws BangerException, InterruptedException {
    if (!host.matches(NAME)) {
      throw invalid("that is no name of a host");
    }
    ExecStart start = guest.exec(ExecSpec.of("getent", "ahosts", host).build());
    if (!(start instanceof ExecStart.Started(GuestExec exec))) {
      throw invalid("this guest has no getent to look up " + host + " with: name an address");
    }
    Set<GuestAddress> found = new LinkedHashSet<>();
    try (exec) {
      String text = new String(exec.stdout().readNBytes(MOST_OUTPUT), StandardCharsets.US_ASCII);
      for (String line : text.lines().toList()) {
        found.add(literal(line.split("[\\s%]", 2)[0], port));
      }
      exec.forget(true);
    } catch (IOException | IllegalArgumentException e) {
      throw new BangerException(
          ErrorCode.GUEST_FAILED, "cannot look up " + host + " in the guest", "", e);
    }
    if (found.isEmpty()) {
      throw new BangerException(ErrorCode.NOT_FOUND, "the guest knows no host " + host, "");
    }
    return new ArrayList<>(found);
  }
}
