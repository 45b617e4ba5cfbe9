package dev.banger.image.oci;

import java.net.InetAddress;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/**
 * A word of no_proxy: {@code *}, a name (with all below it), {@code .name} (only what is below), an
 * address, a network {@code 10.0.0.0/8}; each but the first and last perhaps with a port.
 */
record NoProxyRule(String host, int port, int prefix) {
  private static final int NONE = -1;

  static NoProxyRule parse(String word) {
    String text = word.toLowerCase(Locale.ROOT);
    int slash = text.lastIndexOf('/');
    if (slash > 0 && text.substring(slash + 1).matches("[0-9]{1,3}")) {
      return new NoProxyRule(
          text.substring(0, slash), NONE, Integer.parseInt(text.substring(slash + 1)));
    }
    int colon = text.lastIndexOf(':');
    boolean ported =
        colon > 0
            && text.substring(colon + 1).matches("[0-9]{1,5}")
            && (text.indexOf(':') == colon || text.charAt(colon - 1) == ']');
    String host = ported ? text.substring(0, colon) : text;
    return new NoProxyRule(
        ProxySettings.bare(host.startsWith("*.") ? host.substring(1) : host),
        ported ? Integer.parseInt(text.substring(colon + 1)) : NONE,
        NONE);
  }

  boolean matches(String wanted, int wantedPort) {
    if (host.equals("*")) {
      return true;
    }
    if (prefix != NONE) {
      return isInNetwork(wanted);
    }
    boolean named =
        host.startsWith(".")
            ? wanted.endsWith(host)
            : wanted.equals(host) || wanted.endsWith("." + host);
    return named && (port == NONE || port == wantedPort);
  }

  private boolean isInNetwork(String wanted) {
    Optional<byte[]> network = address(host);
    Optional<byte[]> address = address(wanted);
    if (network.isEmpty()
        || address.isEmpty()
        || network.get().length != address.get().length
        || prefix > network.get().length * Byte.SIZE) {
      return false;
    }
    int whole = prefix / Byte.SIZE;
    int rest = prefix % Byte.SIZE;
    boolean same = Arrays.equals(network.get(), 0, whole, address.get(), 0, whole);
    int mask = rest == 0 ? 0 : 0xff << (Byte.SIZE - rest);
    return same && (rest == 0 || ((network.get()[whole] ^ address.get()[whole]) & mask) == 0);
  }

  /** Asks no name server. */
  private static Optional<byte[]> address(String text) {
    try {
      return Optional.of(InetAddress.ofLiteral(text).getAddress());
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }
}
