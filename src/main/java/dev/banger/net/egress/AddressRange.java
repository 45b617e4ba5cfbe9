package dev.banger.net.egress;

import java.math.BigInteger;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.Optional;

/**
 * Addresses of one family, from the first to the last.
 *
 * @param six of IPv6
 */
public record AddressRange(boolean six, BigInteger first, BigInteger last) {
  private static final int BITS_4 = 32;
  private static final int BITS_6 = 128;
  private static final int LONGEST_TEXT = 64;

  public AddressRange {
    if (first.signum() < 0 || first.compareTo(last) > 0 || last.bitLength() > bits(six)) {
      throw new IllegalArgumentException("no range of addresses: " + first + " to " + last);
    }
  }

  private static int bits(boolean six) {
    return six ? BITS_6 : BITS_4;
  }

  /** All of a family. */
  static AddressRange all(boolean six) {
    return new AddressRange(
        six, BigInteger.ZERO, BigInteger.ONE.shiftLeft(bits(six)).subtract(BigInteger.ONE));
  }

  static AddressRange of(InetAddress address) {
    BigInteger number = number(address);
    return new AddressRange(address instanceof Inet6Address, number, number);
  }

  /**
   * An address, or a network as {@code 10.0.0.0/8}.
   *
   * @throws IllegalArgumentException its message says what is wrong with it
   */
  static AddressRange parse(String text) {
    int slash = text.indexOf('/');
    InetAddress address = address(slash < 0 ? text : text.substring(0, slash));
    boolean six = address instanceof Inet6Address;
    if (slash < 0) {
      return of(address);
    }
    String digits = text.substring(slash + 1);
    if (!digits.matches("0|[1-9][0-9]{0,2}") || Integer.parseInt(digits) > bits(six)) {
      throw new IllegalArgumentException(
          "a network has 0 to " + bits(six) + " bits behind its slash");
    }
    int rest = bits(six) - Integer.parseInt(digits);
    BigInteger first = number(address).shiftRight(rest).shiftLeft(rest);
    AddressRange range =
        new AddressRange(
            six, first, first.add(BigInteger.ONE.shiftLeft(rest)).subtract(BigInteger.ONE));
    if (!first.equals(number(address))) {
      throw new IllegalArgumentException(
          "that network begins at " + text(six, first) + "/" + digits);
    }
    return range;
  }

  private static InetAddress address(String text) {
    if (text.length() <= LONGEST_TEXT && text.indexOf(':') >= 0 && text.indexOf('%') < 0) {
      InetAddress six = InetAddress.ofLiteral(text);
      if (six instanceof Inet6Address) {
        return six;
      }
      throw new IllegalArgumentException("write an IPv4 address in digits and dots");
    }
    return four(text)
        .orElseThrow(() -> new IllegalArgumentException("that is no address in digits"));
  }

  /** No number begins with 0: some read it as octal. */
  private static Optional<InetAddress> four(String text) {
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
    return Optional.of(of(bytes));
  }

  private static InetAddress of(byte... bytes) {
    try {
      return InetAddress.getByAddress(bytes);
    } catch (UnknownHostException e) {
      throw new IllegalStateException("an address of " + bytes.length + " bytes", e);
    }
  }

  private static BigInteger number(InetAddress address) {
    return new BigInteger(1, address.getAddress());
  }

  boolean contains(InetAddress address) {
    return six == address instanceof Inet6Address && contains(number(address));
  }

  boolean contains(BigInteger number) {
    return first.compareTo(number) <= 0 && last.compareTo(number) >= 0;
  }

  /** The only address; empty: there are many. */
  public Optional<InetAddress> single() {
    return first.equals(last) ? Optional.of(at(six, first)) : Optional.empty();
  }

  private static InetAddress at(boolean six, BigInteger number) {
    byte[] bytes = new byte[bits(six) / Byte.SIZE];
    byte[] some = number.toByteArray(); // may begin with a byte for the sign
    int length = Math.min(some.length, bytes.length);
    System.arraycopy(some, some.length - length, bytes, bytes.length - length, length);
    if (!six) {
      return of(bytes);
    }
    try {
      return Inet6Address.getByAddress(null, Arrays.copyOf(bytes, bytes.length), -1);
    } catch (UnknownHostException e) {
      throw new IllegalStateException("an address of 16 bytes", e);
    }
  }

  private static String text(boolean six, BigInteger number) {
    return AddressText.of(at(six, number));
  }

  /** As a user writes it: an address, a network, or else from the first to the last. */
  String written() {
    BigInteger size = last.subtract(first).add(BigInteger.ONE);
    int rest = size.bitLength() - 1;
    boolean aligned = first.signum() == 0 || first.getLowestSetBit() >= rest;
    if (rest == 0) {
      return text(six, first);
    }
    return size.bitCount() == 1 && aligned
        ? text(six, first) + "/" + (bits(six) - rest)
        : element();
  }

  /** As nft(8) takes it. */
  public String element() {
    return first.equals(last)
        ? at(six, first).getHostAddress()
        : at(six, first).getHostAddress() + "-" + at(six, last).getHostAddress();
  }
}
