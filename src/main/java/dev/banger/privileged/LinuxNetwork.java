package dev.banger.privileged;

import dev.banger.ffm.Netlink;
import dev.banger.ffm.NetlinkMessage;
import dev.banger.ffm.Nftables;
import dev.banger.ffm.SystemCallException;
import dev.banger.ffm.TunCalls;
import dev.banger.lock.LeafLock;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.proc.ProcessIdentity;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** This host's network: rtnetlink(7), the tun device, libnftables, /sys and /proc/sys. */
public final class LinuxNetwork implements HostNetwork, AutoCloseable {
  /** How the thread is called that writes the packet filter: its changes are not told of. */
  public static final String WRITER = "banger-filter";

  private static final String NO_OWNER = "-1";
  private static final Path LINKS = Path.of("/sys/class/net");
  private static final Path SETTINGS = Path.of("/proc/sys");
  private static final int NO_INDEX = 0;
  private static final int ERROR_LINES = 3;

  /** rtnetlink(7) and the kernel's if_link.h, rtnetlink.h. */
  private static final int NEW_LINK = 16;

  private static final int DELETE_LINK = 17;
  private static final int NEW_ADDRESS = 20;
  private static final int NEW_NEIGHBOUR = 28;
  private static final int DELETE_NEIGHBOUR = 29;
  private static final int NEIGHBOUR_ADDRESS = 1;
  private static final int NEIGHBOUR_MAC = 2;
  private static final int PERMANENT = 0x80;
  private static final int NO_ARP = 0x40;
  private static final int OF_MASTER = 4;
  private static final int AF_BRIDGE = 7;
  private static final int LINK_ADDRESS = 1;
  private static final int LINK_NAME = 3;
  private static final int LINK_MASTER = 10;
  private static final int LINK_INFO = 18;
  private static final int LINK_ALIAS = 20;
  private static final int LINK_GROUP = 27;
  private static final int INFO_KIND = 1;
  private static final int IFF_UP = 1;
  private static final int ADDRESS_LOCAL = 2;
  private static final int ADDRESS_ITSELF = 1;
  private static final int ADDRESS_FLAGS = 8;
  private static final int NO_DUPLICATE_DETECTION = 2;
  private static final int AF_INET = 2;
  private static final int AF_INET6 = 10;

  private final LeafLock lock = new LeafLock("netlink");
  private final Netlink route;
  private final Nftables nftables;

  private LinuxNetwork(Netlink route, Nftables nftables) {
    this.route = route;
    this.nftables = nftables;
  }

  /** Refused with the reason when this host cannot have networks of ours. */
  public static LinuxNetwork open() throws BangerException {
    if (!Files.exists(Path.of("/dev/net/tun"))) {
      throw new BangerException(
          ErrorCode.HOST_UNSUPPORTED,
          "there is no /dev/net/tun, of which network devices of VMs are made",
          "modprobe tun");
    }
    Nftables nftables;
    try {
      nftables = Nftables.load();
    } catch (SystemCallException e) {
      throw new BangerException(
          ErrorCode.HOST_UNSUPPORTED,
          "there is no libnftables, which filters the VMs' packets",
          "apt install nftables",
          e);
    }
    try {
      return new LinuxNetwork(Netlink.open(Netlink.ROUTE), nftables);
    } catch (SystemCallException e) {
      throw failure("cannot open a netlink socket", e);
    }
  }

  @Override
  public Optional<String> alias(String link) throws BangerException {
    return read(LINKS.resolve(link).resolve("ifalias"));
  }

  @Override
  public Optional<String> mac(String link) throws BangerException {
    return read(LINKS.resolve(link).resolve("address"));
  }

  @Override
  public Optional<String> bridgeOf(String link) throws BangerException {
    Path master = LINKS.resolve(link).resolve("master");
    if (!Files.isSymbolicLink(master)) {
      return Optional.empty();
    }
    try {
      return Optional.of(String.valueOf(Files.readSymbolicLink(master).getFileName()));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw failure("cannot read " + master, e);
    }
  }

  @Override
  public List<String> ports(String bridge) throws BangerException {
    return names(LINKS.resolve(bridge).resolve("brif"));
  }

  @Override
  public Optional<String> whoHas(String link, InetAddress address)
      throws BangerException, InterruptedException {
    try {
      return Neighbours.ask(link, address);
    } catch (IOException e) {
      throw failure("cannot ask who has " + address.getHostAddress() + " on " + link, e);
    }
  }

  private static List<String> names(Path directory) throws BangerException {
    if (!Files.isDirectory(directory)) {
      return List.of();
    }
    try (Stream<Path> all = Files.list(directory)) {
      return all.map(path -> path.getFileName().toString()).sorted().toList();
    } catch (IOException e) {
      throw failure("cannot read " + directory, e);
    }
  }

  /** A tap has a carrier while somebody holds it. */
  @Override
  public boolean isAttached(String tap) throws BangerException {
    return read(LINKS.resolve(tap).resolve("carrier")).equals(Optional.of("1"));
  }

  @Override
  public List<Route> routes() throws BangerException {
    lock.lock();
    try {
      return RouteMessages.read(route.dump(RouteMessages.all()));
    } catch (IOException e) {
      throw failure("cannot read the host's routes", e);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void createBridge(String name, String alias, byte[] mac) throws BangerException {
    ask(
        "cannot make the bridge " + name,
        link(NEW_LINK, NO_INDEX, 0)
            .attribute(LINK_NAME, name)
            .attribute(LINK_ADDRESS, mac)
            .nested(LINK_INFO, info -> info.attribute(INFO_KIND, "bridge")),
        Netlink.CREATE | Netlink.EXCLUSIVE);
    try {
      finishBridge(name, alias);
    } catch (BangerException e) {
      delete(name);
      throw e;
    }
  }

  /** Not told in the making: older kernels refuse an alias there. */
  private void finishBridge(String name, String alias) throws BangerException {
    ask(
        "cannot name the bridge " + name,
        link(NEW_LINK, index(name), 0).attribute(LINK_ALIAS, alias),
        0);
    set("net/ipv6/conf/" + name + "/accept_ra", "0");
    set("net/ipv6/conf/" + name + "/accept_dad", "0");
    up(name);
  }

  @Override
  public void up(String link) throws BangerException {
    set("net/ipv6/conf/" + link + "/disable_ipv6", "0");
    ask("cannot set up " + link, link(NEW_LINK, index(link), IFF_UP), 0);
  }

  @Override
  public void address(String link, InetAddress address, int prefix) throws BangerException {
    boolean four = address instanceof Inet4Address;
    byte[] bytes = address.getAddress();
    NetlinkMessage message =
        new NetlinkMessage(NEW_ADDRESS)
            .u8(four ? AF_INET : AF_INET6)
            .u8(prefix)
            .u8(0)
            .u8(0)
            .u32(index(link))
            .attribute(ADDRESS_LOCAL, bytes)
            .attribute(ADDRESS_ITSELF, bytes)
            .attribute(ADDRESS_FLAGS, NO_DUPLICATE_DETECTION);
    ask(
        "cannot give " + link + " the address " + address.getHostAddress(),
        message,
        Netlink.CREATE | Netlink.REPLACE);
  }

  @Override
  public void plugTap(String tap, int owner, String bridge) throws BangerException {
    ownTap(tap, owner);
    try {
      plug(tap, bridge);
    } catch (BangerException e) {
      delete(tap);
      throw e;
    }
  }

  /** A port of a bridge has no address of its own, and asks nobody for one. */
  @Override
  public void plug(String tap, String bridge) throws BangerException {
    set("net/ipv6/conf/" + tap + "/disable_ipv6", "1");
    ask(
        "cannot plug " + tap + " into " + bridge,
        link(NEW_LINK, index(tap), IFF_UP).attribute(LINK_MASTER, index(bridge)),
        0);
    write(LINKS.resolve(tap).resolve("brport/learning"), "0");
  }

  @Override
  public void pin(String tap, byte[] mac) throws BangerException {
    ask(
        "cannot write down what is behind " + tap,
        behind(NEW_NEIGHBOUR, tap).attribute(NEIGHBOUR_MAC, mac),
        Netlink.CREATE | Netlink.REPLACE);
  }

  @Override
  public void unpin(String tap, byte[] mac) throws BangerException {
    askUnlessGone(
        "cannot forget what is behind " + tap,
        behind(DELETE_NEIGHBOUR, tap).attribute(NEIGHBOUR_MAC, mac),
        SystemCallException.ENOENT);
  }

  private static NetlinkMessage behind(int type, String tap) throws BangerException {
    return new NetlinkMessage(type).u32(AF_BRIDGE).u32(index(tap)).u16(NO_ARP).u8(OF_MASTER).u8(0);
  }

  @Override
  public List<String> taps(String prefix) throws BangerException {
    List<String> taps = new ArrayList<>();
    for (String name : names(LINKS)) { // a tap made by hand has no owner, ours always have one
      if (name.startsWith(prefix)
          && !read(LINKS.resolve(name).resolve("owner")).orElse(NO_OWNER).equals(NO_OWNER)) {
        taps.add(name);
      }
    }
    return taps;
  }

  @Override
  public void ownTap(String tap, int owner) throws BangerException {
    try {
      TunCalls.create(tap, owner);
    } catch (SystemCallException e) {
      throw failure("cannot make the tap device " + tap, e);
    }
  }

  @Override
  public void neighbour(String link, InetAddress address, byte[] mac) throws BangerException {
    ask(
        "cannot write down where " + address.getHostAddress() + " is",
        neighbour(NEW_NEIGHBOUR, link, address).attribute(NEIGHBOUR_MAC, mac),
        Netlink.CREATE | Netlink.REPLACE);
  }

  @Override
  public void forgetNeighbour(String link, InetAddress address) throws BangerException {
    askUnlessGone(
        "cannot forget where " + address.getHostAddress() + " is",
        neighbour(DELETE_NEIGHBOUR, link, address),
        SystemCallException.ENOENT);
  }

  private static NetlinkMessage neighbour(int type, String link, InetAddress address)
      throws BangerException {
    return new NetlinkMessage(type)
        .u32(address instanceof Inet4Address ? AF_INET : AF_INET6)
        .u32(index(link))
        .u16(PERMANENT)
        .u16(0)
        .attribute(NEIGHBOUR_ADDRESS, address.getAddress());
  }

  @Override
  public void delete(String link) throws BangerException {
    if (Files.exists(LINKS.resolve(link))) {
      askUnlessGone(
          "cannot remove the interface " + link,
          link(DELETE_LINK, NO_INDEX, 0).attribute(LINK_NAME, link),
          SystemCallException.ENODEV);
    }
  }

  /** As a group of theirs: the kernel waits for its readers once, not once for each. */
  @Override
  public void deleteAll(Collection<String> links) throws BangerException {
    if (links.isEmpty()) {
      return;
    }
    int group = ThreadLocalRandom.current().nextInt(1, Integer.MAX_VALUE);
    for (String link : links) {
      Optional<String> index = read(LINKS.resolve(link).resolve("ifindex"));
      if (index.isPresent()) {
        askUnlessGone(
            "cannot mark the interface " + link,
            link(NEW_LINK, Integer.parseInt(index.get()), 0).attribute(LINK_GROUP, group),
            SystemCallException.ENODEV);
      }
    }
    if (Set.copyOf(links).containsAll(members(group))) {
      askUnlessGone(
          "cannot remove " + links.size() + " interfaces",
          link(DELETE_LINK, NO_INDEX, 0).attribute(LINK_GROUP, group),
          SystemCallException.ENODEV);
      return;
    }
    for (String link : links) { // somebody else has a group of this number
      delete(link);
    }
  }

  private static List<String> members(int group) throws BangerException {
    Optional<String> number = Optional.of(String.valueOf(group));
    List<String> members = new ArrayList<>();
    for (String name : names(LINKS)) {
      if (read(LINKS.resolve(name).resolve("netdev_group")).equals(number)) {
        members.add(name);
      }
    }
    return members;
  }

  @Override
  public String filter(String commands) throws BangerException {
    Nftables.Result result = nftables.run(commands);
    if (!result.done()) {
      throw new BangerException(
          ErrorCode.HOST_UNSUPPORTED,
          "nftables refuses: "
              + result.error().lines().limit(ERROR_LINES).collect(Collectors.joining(" ")),
          "`banger doctor` looks for what this kernel's packet filter lacks");
    }
    return result.output();
  }

  @Override
  public String boot() throws BangerException {
    return ProcessIdentity.currentBootId();
  }

  @Override
  public Optional<String> setting(String name) throws BangerException {
    return read(SETTINGS.resolve(name));
  }

  @Override
  public List<String> settings(String pattern) throws BangerException {
    int star = pattern.indexOf('*');
    String before = pattern.substring(0, star);
    String behind = pattern.substring(star + 1);
    return names(SETTINGS.resolve(before)).stream().map(name -> before + name + behind).toList();
  }

  @Override
  public void set(String name, String value) throws BangerException {
    Path file = SETTINGS.resolve(name);
    if (Files.exists(file)) { // a kernel without IPv6 needs no setting of it
      write(file, value);
    }
  }

  private static void write(Path file, String value) throws BangerException {
    try {
      Files.writeString(file, value);
    } catch (IOException e) {
      throw failure("cannot write " + value + " to " + file, e);
    }
  }

  @Override
  public AutoCloseable watch(Listener listener) throws BangerException {
    try {
      return new NetworkWatch(listener);
    } catch (SystemCallException e) {
      throw failure("cannot watch the host's network", e);
    }
  }

  private static NetlinkMessage link(int type, int index, int flags) {
    return new NetlinkMessage(type).u32(0).u32(index).u32(flags).u32(flags);
  }

  private static int index(String link) throws BangerException {
    Optional<String> index = read(LINKS.resolve(link).resolve("ifindex"));
    return Integer.parseInt(
        index.orElseThrow(() ->
            new BangerException(
                ErrorCode.NOT_FOUND,
                "the network interface " + link + " is gone",
                "`banger daemon stop` and the next command set up the network anew")));
  }

  private static Optional<String> read(Path file) throws BangerException {
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    try {
      return Optional.of(Files.readString(file).strip());
    } catch (IOException e) {
      if (!Files.exists(file)) {
        return Optional.empty();
      }
      if (file.endsWith("carrier")) {
        return Optional.of(""); // EINVAL: the interface is down
      }
      throw failure("cannot read " + file, e);
    }
  }

  private void ask(String what, NetlinkMessage message, int flags) throws BangerException {
    lock.lock();
    try {
      route.ask(message, flags);
    } catch (SystemCallException e) {
      throw failure(what, e);
    } finally {
      lock.unlock();
    }
  }

  /** That it is not there any more is no failure. */
  private void askUnlessGone(String what, NetlinkMessage message, int gone) throws BangerException {
    lock.lock();
    try {
      route.ask(message, 0);
    } catch (SystemCallException e) {
      if (e.errno() != gone) {
        throw failure(what, e);
      }
    } finally {
      lock.unlock();
    }
  }

  private static BangerException failure(String what, IOException e) {
    boolean forbidden =
        e instanceof SystemCallException call && call.errno() == SystemCallException.EPERM;
    return new BangerException(
        forbidden ? ErrorCode.PERMISSION : ErrorCode.HOST_UNSUPPORTED,
        what + ": " + e.getMessage(),
        forbidden
            ? "run the daemon as root, or set network.mode = \"user\""
            : "`banger doctor` shows what this host can do",
        e);
  }

  @Override
  public void close() throws SystemCallException {
    lock.lock();
    try {
      route.close();
    } finally {
      lock.unlock();
    }
  }
}
