package dev.banger.net.port;

import dev.banger.model.VmId;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Addresses of 127.0.0.0/8 that a VM may have for itself: from its id, so that it has the same one
 * for as long as it lives. 127.0.*.* is left to others: localhost, the host's name, resolvers.
 */
public final class LoopbackAddresses {
  private static final int TRIES = 64;
  private static final int MOST = 254;

  private static final int LOOPBACK = 127;

  private LoopbackAddresses() {}

  /** Whether the address is one that only VMs have. */
  public static boolean isForVms(InetAddress address) {
    byte[] bytes = address.getAddress();
    return address instanceof Inet4Address && bytes[0] == LOOPBACK && bytes[1] != 0;
  }

  /** The first that is no other VM's is to be taken. */
  static List<String> candidates(VmId id) {
    byte[] bytes = HexFormat.of().parseHex(id.value());
    return IntStream.range(0, TRIES).mapToObj(i -> candidate(bytes, i)).toList();
  }

  private static String candidate(byte[] id, int attempt) {
    int first = 1 + Byte.toUnsignedInt(id[0]) % MOST;
    int second = (Byte.toUnsignedInt(id[1]) + attempt) & 0xFF;
    int third = 1 + (Byte.toUnsignedInt(id[2]) + attempt) % MOST;
    return "127." + first + "." + second + "." + third;
  }
}
