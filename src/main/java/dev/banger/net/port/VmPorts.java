package dev.banger.net.port;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.banger.lock.LeafLock;
import dev.banger.model.BangerException;
import dev.banger.store.PublicationRow;
import dev.banger.store.PublicationRow.Protocol;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** All doors of one VM that runs, or is about to. */
final class VmPorts {
  private static final Logger LOG = LoggerFactory.getLogger(VmPorts.class);

  private final String vm;
  private final String own;
  private final HostSockets sockets;
  private final Slots slots;
  private final LeafLock lock = new LeafLock("vm-ports");

  @GuardedBy("lock")
  private final List<Door> doors = new ArrayList<>();

  @GuardedBy("lock")
  private @Nullable GuestDialer dialer;

  @GuardedBy("lock")
  private boolean closed;

  /**
   * @param vm its name
   * @param own its own address
   */
  VmPorts(String vm, String own, HostSockets sockets) {
    this.vm = vm;
    this.own = own;
    this.sockets = sockets;
    this.slots = new Slots(vm);
  }

  String vm() {
    return vm;
  }

  /** Opens a door for it; nothing is changed when that fails. */
  void open(PublicationRow row) throws BangerException {
    Door door = Door.of(row);
    lock.lock();
    try {
      door.open(sockets, slots, vm);
      begin(door);
    } finally {
      lock.unlock();
    }
  }

  /** A door that cannot be opened now, to be tried again. */
  void openLater(PublicationRow row, String problem) {
    Door door = Door.of(row);
    door.close(problem);
    lock.lock();
    try {
      begin(door);
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private void begin(Door door) {
    doors.add(door);
    if (dialer != null) {
      door.serve(dialer);
    }
  }

  /** The guest's own ports on the VM's own address, as many as there can be. */
  void openOwn() {
    lock.lock();
    try {
      for (Door door : List.copyOf(doors)) {
        if (door.row().isEmpty() && !isWanted(door)) {
          door.close("");
          doors.remove(door);
        }
      }
      for (Door published : List.copyOf(doors)) {
        Protocol protocol = published.place().protocol();
        if (published.row().isPresent() && !hasOwn(protocol, published.guestPort())) {
          openOwn(protocol, published.guestPort());
        }
      }
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private boolean isWanted(Door own) {
    return doors.stream()
        .anyMatch(door -> door.row().isPresent() && isSame(door, own.place().protocol(), own));
  }

  private static boolean isSame(Door door, Protocol protocol, Door own) {
    return door.place().protocol() == protocol && door.guestPort() == own.guestPort();
  }

  @GuardedBy("lock")
  private boolean hasOwn(Protocol protocol, int guestPort) {
    HostSockets.Place place = new HostSockets.Place(protocol, own, guestPort);
    return doors.stream().anyMatch(door -> door.place().equals(place));
  }

  @GuardedBy("lock")
  private void openOwn(Protocol protocol, int guestPort) {
    Door door = Door.own(protocol, own, guestPort);
    try {
      door.open(sockets, slots, vm);
    } catch (BangerException e) {
      LOG.debug("vm={} has no port on its own address", vm, e);
    }
    begin(door);
  }

  /** What waits, and what comes from now on, is passed on. */
  void serve(GuestDialer now) {
    lock.lock();
    try {
      dialer = now;
      doors.forEach(door -> door.serve(now));
    } finally {
      lock.unlock();
    }
  }

  /** Opens what could not be opened before; false when something is still closed. */
  boolean retry() {
    lock.lock();
    try {
      boolean whole = true;
      for (Door door : List.copyOf(doors)) {
        if (!closed && door.row().isPresent() && !door.isOpen()) {
          whole &= retry(door);
        }
      }
      return whole;
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private boolean retry(Door door) {
    try {
      door.open(sockets, slots, vm);
      if (dialer != null) {
        door.serve(dialer);
      }
      LOG.info("vm={} listens on {}/{} again", vm, door.place(), door.place().protocol());
      return true;
    } catch (BangerException e) {
      return false;
    }
  }

  void close(List<PublicationRow> rows) {
    close(door -> door.row().map(rows::contains).orElse(false), "");
  }

  /** On its own address it makes way for others, who were asked for. */
  void giveWay(Protocol protocol, int port) {
    lock.lock();
    try {
      for (Door door : doors) {
        HostSockets.Place place = door.place();
        if (door.row().isEmpty() && place.port() == port && place.protocol() == protocol) {
          door.close("the port is published on all addresses of this host");
        }
      }
    } finally {
      lock.unlock();
    }
  }

  void close() {
    lock.lock();
    try {
      closed = true;
    } finally {
      lock.unlock();
    }
    close(door -> true, "");
  }

  private void close(Predicate<Door> which, String why) {
    List<Door> ending;
    lock.lock();
    try {
      ending = doors.stream().filter(which).toList();
      doors.removeAll(ending);
      ending.forEach(door -> door.close(why));
    } finally {
      lock.unlock();
    }
  }

  List<Forwarding> state() {
    lock.lock();
    try {
      return doors.stream()
          .map(door ->
              new Forwarding(
                  door.place().protocol(),
                  door.place().toString(),
                  door.guestPort(),
                  door.row().isEmpty(),
                  door.isOpen(),
                  door.problem()))
          .toList();
    } finally {
      lock.unlock();
    }
  }
}
