package dev.banger.privileged;

import dev.banger.model.BangerException;
import java.net.InetAddress;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The host's network, as far as banger changes it. Each method does one thing whole or fails with
 * nothing done; each is fast and waits for nobody but the kernel.
 */
public interface HostNetwork {
  /** Who gave an interface its alias; empty when there is no such interface. */
  Optional<String> alias(String link) throws BangerException;

  /** The MAC of an interface, as {@code 06:00:5e:00:53:01}; empty when there is no such one. */
  Optional<String> mac(String link) throws BangerException;

  /** The bridge that an interface is plugged into; empty: none, or there is no such interface. */
  Optional<String> bridgeOf(String link) throws BangerException;

  /** What is plugged into a bridge; none when there is no such bridge. */
  List<String> ports(String bridge) throws BangerException;

  /** The MAC that answers for an IPv4 address on a link; empty: nobody does within a second. */
  Optional<String> whoHas(String link, InetAddress address)
      throws BangerException, InterruptedException;

  /** Whether a program is attached to a tap device. */
  boolean isAttached(String tap) throws BangerException;

  /** All routes of all tables, and the host's own addresses among them. */
  List<Route> routes() throws BangerException;

  /** Makes a bridge that is up, forwards at once, and says by its alias whose it is. */
  void createBridge(String name, String alias, byte[] mac) throws BangerException;

  /** Gives an interface an address, if it has not got it. */
  void address(String link, InetAddress address, int prefix) throws BangerException;

  /** Makes a tap device, or takes a free one; plugs it into the bridge; it is up. */
  void plugTap(String tap, int owner, String bridge) throws BangerException;

  /** Plugs a tap device that is there into the bridge; it is up. */
  void plug(String tap, String bridge) throws BangerException;

  /** This MAC is behind this port of the bridge, whatever packets say. */
  void pin(String tap, byte[] mac) throws BangerException;

  void unpin(String tap, byte[] mac) throws BangerException;

  /** All tap devices whose name begins so, wherever they are plugged in. */
  List<String> taps(String prefix) throws BangerException;

  /** Sets an interface up, with IPv6 where the kernel has it. */
  void up(String link) throws BangerException;

  /** Who may attach to a tap device. */
  void ownTap(String tap, int owner) throws BangerException;

  /** From now on this address is there, whatever anybody else says. */
  void neighbour(String link, InetAddress address, byte[] mac) throws BangerException;

  void forgetNeighbour(String link, InetAddress address) throws BangerException;

  /** Removes an interface, if it is there. */
  void delete(String link) throws BangerException;

  /** Removes those that are there, faster than one by one. */
  void deleteAll(Collection<String> links) throws BangerException;

  /** Runs commands of nft(8), all or none; returns what they print. */
  String filter(String commands) throws BangerException;

  /** Another after each boot of the host, when all that this interface changed is gone. */
  String boot() throws BangerException;

  /** The value of a sysctl(8) variable, written with slashes; empty: this kernel has none. */
  Optional<String> setting(String name) throws BangerException;

  /** The variables of all interfaces, for a name with {@code *} in place of the interface. */
  List<String> settings(String pattern) throws BangerException;

  void set(String name, String value) throws BangerException;

  /** What another program may have changed. */
  enum Change {
    /** An interface or an address went. */
    LINKS,
    /** A route came. */
    ROUTES,
    /** The packet filter is another. */
    FILTER
  }

  /** Hears that the host's network is another. */
  @FunctionalInterface
  interface Listener {
    void changed(Set<Change> changes);
  }

  /**
   * Tells of changes soon after, on a thread of its own; not each time when they are many. Until
   * closed.
   */
  AutoCloseable watch(Listener listener) throws BangerException;
}
