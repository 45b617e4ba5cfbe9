package dev.banger.job;

import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.HexFormat;

/** Ethernet frames as a guest sends them past its own network stack. */
final class RawFrames {
  /** Nobody's: a frame to it is told from all others. */
  static final String NOBODY = "02:00:00:00:00:99";

  /** Of the addresses that a bridge never forwards (IEEE 802.1Q, table 8-1): LLDP. */
  static final String LINK_LOCAL = "01:80:c2:00:00:0e";

  private static final int ARP = 0x0806;
  private static final int IP4 = 0x0800;
  private static final int IP6 = 0x86dd;
  private static final int ICMP6 = 58;
  private static final int UDP = 17;

  /** Solicited, and to be believed instead of what was known. */
  private static final int OVERRIDE = 0x60000000;

  private RawFrames() {}

  /** A line for the guest's shell, which sends this frame; Debian always has perl. */
  static String sending(byte[] frame) {
    return """
    perl -e 'open(I, "/sys/class/net/eth0/ifindex") or die; my $i = <I>;
    socket(S, 17, 3, 0x0300) or die "socket: $!";
    my $to = pack("S n i S C C a8", 17, 3, $i, 1, 0, 6, "");
    send(S, pack("H*", "%s"), 0, $to) or die "send: $!";'
    """
        .formatted(HexFormat.of().formatHex(frame));
  }

  private static ByteBuffer frame(String from, String to, int type) {
    HexFormat mac = HexFormat.ofDelimiter(":");
    return ByteBuffer.allocate(120)
        .put(mac.parseHex(to))
        .put(mac.parseHex(from))
        .putShort((short) type);
  }

  private static byte[] whole(ByteBuffer frame) {
    byte[] bytes = new byte[Math.max(60, frame.position())];
    frame.flip().get(bytes, 0, frame.limit());
    return bytes;
  }

  /** "I have that address." */
  static byte[] arpReply(String from, InetAddress address) {
    byte[] mac = HexFormat.ofDelimiter(":").parseHex(from);
    return whole(
        frame(from, NOBODY, ARP)
            .putShort((short) 1)
            .putShort((short) IP4)
            .put((byte) 6)
            .put((byte) 4)
            .putShort((short) 2)
            .put(mac)
            .put(address.getAddress())
            .put(mac)
            .put(address.getAddress()));
  }

  /** A message of neighbour discovery (RFC 4861) about a target. */
  static byte[] discovery(int type, String from, InetAddress source, InetAddress target) {
    return whole(
        frame(from, NOBODY, IP6)
            .putInt(6 << 28)
            .putShort((short) 32)
            .put((byte) ICMP6)
            .put((byte) 255)
            .put(source.getAddress())
            .put(target.getAddress())
            .put((byte) type)
            .put((byte) 0)
            .putShort((short) 0)
            .putInt(OVERRIDE)
            .put(target.getAddress())
            .put((byte) 2)
            .put((byte) 1)
            .put(HexFormat.ofDelimiter(":").parseHex(from)));
  }

  /** An empty UDP datagram. */
  static byte[] datagram(String from, String to, InetAddress source, InetAddress destination) {
    ByteBuffer frame = frame(from, to, IP4);
    int begin = frame.position();
    frame
        .putShort((short) 0x4500)
        .putShort((short) 28)
        .putInt(0)
        .put((byte) 64)
        .put((byte) UDP)
        .putShort((short) 0)
        .put(source.getAddress())
        .put(destination.getAddress());
    int sum = 0;
    for (int i = begin; i < begin + 20; i += 2) {
      sum += Short.toUnsignedInt(frame.getShort(i));
    }
    sum = (sum & 0xffff) + (sum >>> 16);
    frame.putShort(begin + 10, (short) ~sum);
    frame.putShort((short) 9999).putShort((short) 53).putShort((short) 8).putShort((short) 0);
    return whole(frame);
  }

  /** Of a protocol that no VM speaks. */
  static byte[] unknown(String from) {
    return whole(frame(from, NOBODY, 0x88b5));
  }
}
