package dev.banger.privileged;

import dev.banger.ffm.Netlink;
import dev.banger.ffm.NetlinkMessage;
import java.io.IOException;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Routes as rtnetlink(7) tells them. */
final class RouteMessages {
  private static final int GET_ROUTE = 26;
  private static final int DESTINATION = 1;
  private static final int DEVICE = 4;
  private static final int HEADER = 12;
  private static final int AF_INET = 2;
  private static final int AF_INET6 = 10;

  /** Kinds of routes that mean an address somewhere: unicast and local. */
  private static final int LAST_ADDRESS_KIND = 2;

  private RouteMessages() {}

  /** Asks for the routes of all tables. */
  static NetlinkMessage all() {
    return new NetlinkMessage(GET_ROUTE).u32(0).u32(0).u32(0);
  }

  /** Those that mean an address somewhere. */
  static List<Route> read(List<Netlink.Answer> answers) throws IOException {
    List<Route> routes = new ArrayList<>();
    Map<Integer, String> names = new HashMap<>();
    for (Netlink.Answer answer : answers) {
      route(answer.body(), names).ifPresent(routes::add);
    }
    return routes;
  }

  private static Optional<Route> route(ByteBuffer body, Map<Integer, String> names)
      throws IOException {
    int family = body.get(0);
    int prefix = Byte.toUnsignedInt(body.get(1));
    int kind = body.get(7);
    if ((family != AF_INET && family != AF_INET6) || kind > LAST_ADDRESS_KIND) {
      return Optional.empty();
    }
    byte[] destination = new byte[family == AF_INET ? 4 : 16];
    String device = "";
    body.position(HEADER);
    for (NetlinkMessage.Attribute attribute : NetlinkMessage.attributes(body)) {
      if (attribute.type() == DESTINATION) {
        destination = attribute.bytes();
      } else if (attribute.type() == DEVICE) {
        int index = attribute.number();
        if (!names.containsKey(index)) {
          names.put(index, name(index));
        }
        device = names.getOrDefault(index, "");
      }
    }
    return Optional.of(new Route(InetAddress.getByAddress(destination), prefix, device));
  }

  private static String name(int index) throws IOException {
    NetworkInterface found = NetworkInterface.getByIndex(index);
    return found == null ? "" : found.getName();
  }
}
