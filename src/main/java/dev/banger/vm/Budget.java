package dev.banger.vm;

import dev.banger.config.Config;
import dev.banger.doctor.HostRoom;
import dev.banger.model.ByteSize;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/**
 * Whether one more VM fits on the host as it is now, beside those that run and those that start.
 * docs/config.md gives the reasons for the rules.
 *
 * @param running memory of VMs that run
 * @param starting VMs that were admitted and do not run yet
 */
record Budget(
    HostRoom host, Config.Admission rules, List<ByteSize> running, Collection<Need> starting) {
  private static final String OVERCOMMIT = "raise [admission] memory_overcommit in config.toml";
  private static final String LESS = "stop another VM, give this one less memory, or ";

  /** Empty when it fits. */
  Optional<Shortage> shortage(Need need) {
    return memory(need)
        .or(() -> guestPlaces(need))
        .or(() -> available(need))
        .or(this::disk)
        .or(() -> counted(need));
  }

  /** The configured memory of all VMs against the host's. */
  private Optional<Shortage> memory(Need need) {
    ByteSize limit = rules.overcommitted(host.memory().total());
    return over(
        need,
        limit,
        claimed(),
        "this host has " + host.memory().total() + ", VMs may have " + limit + " together",
        LESS + OVERCOMMIT);
  }

  /** The same against the file systems that hold it. */
  private Optional<Shortage> guestPlaces(Need need) {
    HostRoom.Memory memory = host.memory();
    if (memory.guestPlaces().isEmpty()) {
      return Optional.empty(); // the driver says what it needs, if it needs one
    }
    ByteSize limit = rules.overcommitted(memory.guestPlacesSize());
    String places =
        String.join(
            " and ",
            memory.guestPlaces().stream().map(p -> p.path() + " has " + p.size()).toList());
    Optional<Shortage> together =
        over(
            need,
            limit,
            claimed(),
            places + " for guests' memory, VMs may have " + limit + " together",
            LESS + "enlarge it: mount -o remount,size=... /dev/shm");
    ByteSize most =
        memory.guestPlaces().stream()
            .map(HostRoom.Place::available)
            .max(ByteSize::compareTo)
            .orElseThrow();
    return together.or(() ->
        need.memory().compareTo(most) <= 0
            ? Optional.empty()
            : Optional.of(
                new Shortage(
                    "memory",
                    brief(need, most),
                    "its "
                        + need.memory()
                        + " of memory do not fit: "
                        + places
                        + ", "
                        + most
                        + " of it free",
                    LESS + "enlarge it: mount -o remount,size=... /dev/shm",
                    false)));
  }

  private Optional<Shortage> over(
      Need need, ByteSize limit, ByteSize claimed, String why, String cure) {
    ByteSize free = minus(limit, claimed);
    if (need.memory().compareTo(free) <= 0) {
      return Optional.empty();
    }
    int others = running.size() + starting.size();
    String given = others + (others == 1 ? " other VM has " : " other VMs have ") + claimed;
    return Optional.of(
        new Shortage(
            "memory",
            brief(need, free),
            "its "
                + need.memory()
                + " of memory do not fit: "
                + why
                + " (memory_overcommit "
                + rules.memoryOvercommit()
                + "), "
                + given,
            cure,
            need.memory().compareTo(limit) > 0));
  }

  /** VMs that run show in what is available; those that start do not yet. */
  private Optional<Shortage> available(Need need) {
    ByteSize limit = rules.overcommitted(host.memory().available());
    ByteSize free = minus(limit, sum(starting.stream().map(Need::memory).toList()));
    if (need.memory().compareTo(free) <= 0) {
      return Optional.empty();
    }
    return Optional.of(
        new Shortage(
            "memory",
            brief(need, free),
            "its "
                + need.memory()
                + " of memory do not fit: this host has "
                + host.memory().available()
                + " available of "
                + host.memory().total()
                + " (memory_overcommit "
                + rules.memoryOvercommit()
                + "), "
                + starting.size()
                + " VMs are starting",
            LESS + "end other programs on this host",
            false));
  }

  private Optional<Shortage> disk() {
    HostRoom.Place data = host.data();
    if (data.available().compareTo(rules.diskFloor()) >= 0) {
      return Optional.empty();
    }
    return Optional.of(
        new Shortage(
            "disk",
            "needs " + rules.diskFloor() + " free, " + data.available() + " are",
            data.path()
                + " has "
                + data.available()
                + " free, and VMs start only while it has "
                + rules.diskFloor()
                + " (disk_floor): their disks grow as they are written to",
            "delete VMs or images (`banger vm ls -a`, `banger image ls`), or set [admission]"
                + " disk_floor in config.toml",
            false));
  }

  private Optional<Shortage> counted(Need need) {
    long tasks = need.tasks() + starting.stream().mapToLong(Need::tasks).sum();
    long files = need.descriptors() + starting.stream().mapToLong(Need::descriptors).sum();
    return counted("processes", tasks, host.processes())
        .or(() -> counted("file descriptors", files, host.files()));
  }

  private static Optional<Shortage> counted(
      String resource, long wanted, List<HostRoom.Count> counts) {
    return counts.stream()
        .filter(count -> count.free() < wanted)
        .findFirst()
        .map(count ->
            new Shortage(
                resource,
                "needs " + wanted + ", " + count.free() + " free",
                wanted
                    + " more "
                    + resource
                    + " may be needed, and "
                    + count.limit()
                    + " leaves "
                    + count.free()
                    + " of "
                    + count.most(),
                "stop another VM, end other programs, or raise " + count.limit(),
                wanted > count.most()));
  }

  private ByteSize claimed() {
    return new ByteSize(
        sum(running).bytes() + sum(starting.stream().map(Need::memory).toList()).bytes());
  }

  private static ByteSize sum(List<ByteSize> sizes) {
    return new ByteSize(sizes.stream().mapToLong(ByteSize::bytes).sum());
  }

  private static ByteSize minus(ByteSize one, ByteSize other) {
    return new ByteSize(Math.max(0, one.bytes() - other.bytes()));
  }

  private static String brief(Need need, ByteSize free) {
    return "needs " + need.memory() + ", " + free + " free";
  }
}
