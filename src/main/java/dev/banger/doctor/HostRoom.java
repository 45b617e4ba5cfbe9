package dev.banger.doctor;

import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.Directories;
import java.nio.file.Path;
import java.util.List;

/** What this host has, and what of it is free: what VMs must share. */
public record HostRoom(Memory memory, Place data, List<Count> processes, List<Count> files) {
  /**
   * RAM.
   *
   * @param available what could be given away now, without swap
   * @param guestPlaces file systems in memory that may hold the guests' memory
   */
  public record Memory(ByteSize total, ByteSize available, List<Place> guestPlaces) {
    public Memory {
      guestPlaces = List.copyOf(guestPlaces);
    }

    /** Of all places for guests' memory together. */
    public ByteSize guestPlacesSize() {
      return new ByteSize(guestPlaces.stream().mapToLong(p -> p.size().bytes()).sum());
    }
  }

  /** A file system, by a directory on it. */
  public record Place(Path path, ByteSize size, ByteSize available) {}

  /**
   * Things that are counted.
   *
   * @param limit who says so: {@code pids.max}
   */
  public record Count(String limit, long used, long most) {
    public long free() {
      return Math.max(0, most - used);
    }
  }

  public HostRoom {
    processes = List.copyOf(processes);
    files = List.copyOf(files);
  }

  /** As it is now, for the process that asks; takes about a millisecond. */
  public static HostRoom look(Directories directories) throws BangerException {
    return new HostReader(Path.of("/proc"), Path.of("/sys/fs/cgroup")).look(directories);
  }
}
