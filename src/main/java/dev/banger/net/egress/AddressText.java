package dev.banger.net.egress;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.nio.ByteBuffer;

/** Addresses as people write them (RFC 5952). */
public final class AddressText {
  private static final int GROUPS = 8;

  private AddressText() {}

  /** {@code 2001:db8::1}, where Java says {@code 2001:db8:0:0:0:0:0:1}. */
  public static String of(InetAddress address) {
    if (!(address instanceof Inet6Address)) {
      return address.getHostAddress();
    }
    int[] groups = new int[GROUPS];
    ByteBuffer bytes = ByteBuffer.wrap(address.getAddress());
    int begin = 0;
    int length = 1; // a single zero stays
    int zeros = 0;
    for (int i = 0; i < GROUPS; i++) {
      groups[i] = bytes.getShort() & 0xffff;
      zeros = groups[i] == 0 ? zeros + 1 : 0;
      if (zeros > length) {
        length = zeros;
        begin = i + 1 - zeros;
      }
    }
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < GROUPS; i++) {
      if (length > 1 && i == begin) {
        text.append("::");
        i += length - 1;
      } else {
        text.append(text.isEmpty() || text.charAt(text.length() - 1) == ':' ? "" : ":")
            .append(Integer.toHexString(groups[i]));
      }
    }
    return text.toString();
  }

  /** With a port: IPv6 in brackets. */
  public static String of(InetAddress address, int port) {
    String text = of(address);
    return (address instanceof Inet6Address ? "[" + text + "]" : text) + ":" + port;
  }
}
