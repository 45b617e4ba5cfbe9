package dev.banger.net.egress;

import java.net.InetAddress;
import java.util.List;
import java.util.stream.Stream;

/** What is no address on the internet: IANA's special-purpose registry, and clouds' own. */
public final class PublicAddresses {
  /** For nft(8). */
  public static final List<String> PRIVATE_4 =
      List.of(
          "0.0.0.0/8",
          "10.0.0.0/8",
          "168.63.129.16",
          "192.0.0.0/24",
          "100.64.0.0/10",
          "127.0.0.0/8",
          "169.254.0.0/16",
          "172.16.0.0/12",
          "192.168.0.0/16",
          "198.18.0.0/15",
          "224.0.0.0/4",
          "240.0.0.0/4");

  public static final List<String> PRIVATE_6 =
      List.of(
          "::/128",
          "::1/128",
          "64:ff9b::/96",
          "64:ff9b:1::/48",
          "2002::/16",
          "fc00::/7",
          "fe80::/10",
          "fec0::/10",
          "ff00::/8");

  private static final List<AddressRange> PRIVATE =
      Stream.concat(PRIVATE_4.stream(), PRIVATE_6.stream()).map(AddressRange::parse).toList();

  private PublicAddresses() {}

  /** Whether it may be told to a VM as the address of somebody on the internet. */
  public static boolean isPublic(InetAddress address) {
    return PRIVATE.stream().noneMatch(range -> range.contains(address));
  }
}
