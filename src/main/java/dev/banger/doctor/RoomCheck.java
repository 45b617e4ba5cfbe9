package dev.banger.doctor;

import dev.banger.config.Config;
import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.Directories;
import java.util.ArrayList;
import java.util.List;

/** How many VMs this host has room for, by the figures that admission goes by. */
final class RoomCheck implements Check {
  /** Threads, and descriptors, that a few VMs want. */
  private static final long FEW = 256;

  private final Directories directories;
  private final Config.Admission rules;

  RoomCheck(Directories directories, Config.Admission rules) {
    this.directories = directories;
    this.rules = rules;
  }

  @Override
  public String name() {
    return "room for VMs";
  }

  @Override
  public List<Finding> run() throws BangerException {
    HostRoom room = HostRoom.look(directories);
    List<Finding> findings = new ArrayList<>();
    findings.add(memory(room.memory()));
    findings.add(disk(room.data()));
    room.processes().forEach(count -> findings.add(count("processes", count)));
    room.files().forEach(count -> findings.add(count("file descriptors", count)));
    return findings;
  }

  private Finding memory(HostRoom.Memory memory) {
    ByteSize limit = rules.overcommitted(memory.total());
    if (!memory.guestPlaces().isEmpty()) {
      ByteSize places = rules.overcommitted(memory.guestPlacesSize());
      limit = places.compareTo(limit) < 0 ? places : limit;
    }
    return Finding.ok(
        "memory for VMs",
        memory.total()
            + ", "
            + memory.available()
            + " available; VMs may have "
            + limit
            + " together (memory_overcommit "
            + rules.memoryOvercommit()
            + ")");
  }

  private Finding disk(HostRoom.Place data) {
    String found =
        data.available() + " free at " + data.path() + "; VMs start down to " + rules.diskFloor();
    return data.available().compareTo(rules.diskFloor()) < 0
        ? Finding.error(
            "disk for VMs", found, "delete VMs or images, or set [admission] disk_floor")
        : Finding.ok("disk for VMs", found);
  }

  private static Finding count(String what, HostRoom.Count count) {
    String found = count.limit() + " leaves " + count.free() + " of " + count.most();
    return count.free() < FEW
        ? Finding.warning(what, found, "raise " + count.limit() + ", or end other programs")
        : Finding.ok(what, found);
  }
}
