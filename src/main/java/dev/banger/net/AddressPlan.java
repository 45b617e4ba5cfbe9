package dev.banger.net;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.privileged.Route;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Which addresses a bridge has to give. A slot is a number that makes an IPv4 and an IPv6 address;
 * slot 1 is the bridge's own.
 *
 * @param base the IPv4 network's address
 * @param prefix its bits, 16 to 29
 * @param unique the first 64 bits of the IPv6 network: a unique local address (RFC 4193)
 */
public record AddressPlan(int base, int prefix, long unique) {
  /** Bits of the IPv6 network. */
  public static final int PREFIX_6 = 64;

  static final int GATEWAY_SLOT = 1;
  static final int FIRST_SLOT = 2;
  private static final int BITS = 32;
  private static final int SHORTEST = 16;
  private static final int LONGEST = 29;
  private static final int USUAL = 20;

  /** Bits of the largest private network. */
  private static final int SHORT = 8;

  /** In 10.64.0.0/10: whoever numbers by hand begins at the front of 10/8, docker is at 172.17. */
  private static final int FIRST_CANDIDATE = 10 << 24 | 87 << 16;

  private static final int LAST_CANDIDATE = 10 << 24 | 127 << 16;

  public AddressPlan {
    if (prefix < SHORTEST || prefix > LONGEST || (base & ~mask(prefix)) != 0) {
      throw new IllegalArgumentException("no network: " + text(base) + "/" + prefix);
    }
  }

  private static int mask(int prefix) {
    return prefix == 0 ? 0 : -1 << (BITS - prefix);
  }

  /** Reads {@code 10.87.0.0/20 fd00:...} as {@link #toString} writes it. */
  static AddressPlan parse(String text) {
    String[] words = text.split(" ", 2);
    int slash = words[0].indexOf('/');
    return new AddressPlan(
        number(ofDigits(words[0].substring(0, slash)).orElseThrow()),
        Integer.parseInt(words[0].substring(slash + 1)),
        HexFormat.fromHexDigitsToLong(words[1]));
  }

  /** An IPv4 network as a user writes it; INVALID says what is wrong. */
  public static AddressPlan ofUser(String text, long unique) throws BangerException {
    int slash = text.indexOf('/');
    Optional<Inet4Address> address =
        slash < 0 ? Optional.empty() : ofDigits(text.substring(0, slash));
    OptionalInt bits = slash < 0 ? OptionalInt.empty() : bits(text.substring(slash + 1));
    if (address.isEmpty()
        || bits.isEmpty()
        || (number(address.get()) & ~mask(bits.getAsInt())) != 0) {
      throw new BangerException(
          ErrorCode.INVALID,
          "'" + text + "' is no IPv4 network for VMs",
          "write its first address and 16 to 29 bits, as in 10.87.0.0/20");
    }
    return new AddressPlan(number(address.get()), bits.getAsInt(), unique);
  }

  private static OptionalInt bits(String text) {
    if (!text.matches("[0-9]{2}")) {
      return OptionalInt.empty();
    }
    int bits = Integer.parseInt(text);
    return bits >= SHORTEST && bits <= LONGEST ? OptionalInt.of(bits) : OptionalInt.empty();
  }

  /** An IPv4 address in digits, none of them octal to others; nobody is asked. */
  public static Optional<Inet4Address> ofDigits(String text) {
    if (!text.matches("(0|[1-9][0-9]{0,2})(\\.(0|[1-9][0-9]{0,2})){3}")) {
      return Optional.empty();
    }
    byte[] bytes = new byte[4];
    String[] parts = text.split("\\.", -1);
    for (int i = 0; i < bytes.length; i++) {
      int part = Integer.parseInt(parts[i]);
      if (part > 255) {
        return Optional.empty();
      }
      bytes[i] = (byte) part;
    }
    return Optional.of((Inet4Address) address(bytes));
  }

  /** The first network of its size that meets no route of the host; empty: there is none. */
  public static Optional<AddressPlan> free(List<Route> routes, long unique) {
    for (int base = FIRST_CANDIDATE; base <= LAST_CANDIDATE; base += 1 << 16) {
      AddressPlan candidate = new AddressPlan(base, USUAL, unique);
      if (candidate.meets(routes).isEmpty()) {
        return Optional.of(candidate);
      }
    }
    return Optional.empty();
  }

  /**
   * A route of the host that leads into this network, or of which this is a part; not those that
   * lead everywhere, as the two halves of the internet that a VPN takes.
   */
  public Optional<Route> meets(List<Route> routes) {
    return routes.stream()
        .filter(route -> route.destination() instanceof Inet4Address && route.prefix() >= SHORT)
        .filter(route -> {
          int common = mask(Math.min(prefix, route.prefix()));
          return ((number(route.destination()) ^ base) & common) == 0;
        })
        .findFirst();
  }

  /** How many VMs it has addresses for. */
  public int capacity() {
    return (1 << (BITS - prefix)) - 1 - FIRST_SLOT;
  }

  public InetAddress gateway4() {
    return address4(GATEWAY_SLOT);
  }

  public InetAddress gateway6() {
    return address6(GATEWAY_SLOT);
  }

  public InetAddress address4(int slot) {
    return address(ByteBuffer.allocate(4).putInt(base + slot).array());
  }

  public InetAddress address6(int slot) {
    return address(ByteBuffer.allocate(16).putLong(unique).putLong(slot).array());
  }

  /** IPv4 first. */
  List<InetAddress> addresses(int slot) {
    return List.of(address4(slot), address6(slot));
  }

  /** The slot of an address of this network; empty: it has no VM's address like it. */
  public OptionalInt slot(Inet4Address address) {
    int slot = number(address) - base;
    boolean ours = slot >= FIRST_SLOT && slot < FIRST_SLOT + capacity();
    return ours ? OptionalInt.of(slot) : OptionalInt.empty();
  }

  /** The slot of an IPv6 address of this network. */
  OptionalInt slot6(InetAddress address) {
    ByteBuffer bytes = ByteBuffer.wrap(address.getAddress());
    boolean ours = bytes.remaining() == 16 && bytes.getLong() == unique;
    long slot = ours ? bytes.getLong() : 0;
    return slot >= FIRST_SLOT && slot < FIRST_SLOT + (long) capacity()
        ? OptionalInt.of((int) slot)
        : OptionalInt.empty();
  }

  boolean contains(InetAddress address) {
    ByteBuffer bytes = ByteBuffer.wrap(address.getAddress());
    return bytes.remaining() == 4
        ? (bytes.getInt() & mask(prefix)) == base
        : bytes.getLong() == unique;
  }

  /** As users write it. */
  public String network4() {
    return text(base) + "/" + prefix;
  }

  private static int number(InetAddress address) {
    return ByteBuffer.wrap(address.getAddress()).getInt();
  }

  private static String text(int address) {
    return address(ByteBuffer.allocate(4).putInt(address).array()).getHostAddress();
  }

  private static InetAddress address(byte... bytes) {
    try {
      return InetAddress.getByAddress(Arrays.copyOf(bytes, bytes.length));
    } catch (UnknownHostException e) {
      throw new IllegalStateException("an address of " + bytes.length + " bytes", e);
    }
  }

  @Override
  public String toString() {
    return network4() + " " + HexFormat.of().toHexDigits(unique);
  }
}
