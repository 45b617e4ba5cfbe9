package dev.banger.doctor;

import dev.banger.config.Config;
import dev.banger.model.BangerException;
import dev.banger.model.Directories;
import dev.banger.model.ErrorCode;
import dev.banger.net.VmNetworks;
import dev.banger.net.dns.Upstream;
import dev.banger.privileged.LinuxNetwork;
import dev.banger.privileged.Root;
import dev.banger.store.AnswerTable;
import dev.banger.store.Database;
import dev.banger.store.LeaseTable;
import dev.banger.store.VmTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** What a daemon has on this host outside its directories, also when none runs any more. */
public final class HostTraces {
  private static final Path LINKS = Path.of("/sys/class/net");
  private static final Path SHARED_MEMORY = Path.of("/dev/shm");
  private static final Path SELF = Path.of("/proc/self");

  private HostTraces() {}

  /** Takes away what is there while no daemon runs; returns what, in words. */
  public static List<String> remove(Directories directories)
      throws BangerException, InterruptedException {
    List<String> removed = new ArrayList<>(bridges(directories));
    removeNetwork(directories);
    removed.removeAll(bridges(directories));
    Path memory = memory(directories);
    if (Files.isDirectory(memory, LinkOption.NOFOLLOW_LINKS)) {
      removeMemory(memory);
      removed.add(memory.toString());
    }
    return removed;
  }

  /** As far as the database knows of it. */
  private static void removeNetwork(Directories directories) throws BangerException {
    if (!Root.isRoot() || !Files.exists(directories.database())) {
      return;
    }
    Config config = Config.read(directories.config().resolve("config.toml"));
    try (Database database = Database.open(directories.database())) {
      LeaseTable leases = new LeaseTable(database);
      if (leases.bridges().isEmpty()) {
        return;
      }
      try (LinuxNetwork host = LinuxNetwork.open()) {
        new VmNetworks(
                host,
                leases,
                new AnswerTable(database),
                new VmTable(database),
                config.network(),
                directories.data().toString(),
                new Upstream(Path.of("/etc/resolv.conf"), Clock.systemUTC()),
                Clock.systemUTC())
            .retire();
      }
    } catch (IOException e) {
      throw new BangerException(
          ErrorCode.INTERNAL, "cannot close the kernel's network interface", "", e);
    }
  }

  /** What is still there, in words. */
  public static List<String> left(Directories directories) throws BangerException {
    List<String> left = new ArrayList<>();
    for (String bridge : bridges(directories)) {
      left.add("the bridge " + bridge + " is still there");
    }
    if (Files.exists(memory(directories))) {
      left.add(memory(directories) + " is still there");
    }
    return left;
  }

  /** Interfaces whose alias says that this daemon made them. */
  static List<String> bridges(Directories directories) throws BangerException {
    String alias = VmNetworks.alias(directories.data().toString());
    List<String> found = new ArrayList<>();
    try (Stream<Path> links = Files.list(LINKS)) {
      for (Path link : (Iterable<Path>) links::iterator) {
        if (alias(link).equals(Optional.of(alias))) {
          found.add(String.valueOf(link.getFileName()));
        }
      }
    } catch (IOException e) {
      throw new BangerException(
          ErrorCode.HOST_UNSUPPORTED, "cannot read " + LINKS, "mount /sys", e);
    }
    return found;
  }

  private static Optional<String> alias(Path link) {
    try {
      return Optional.of(Files.readString(link.resolve("ifalias")).strip());
    } catch (IOException e) {
      return Optional.empty(); // gone meanwhile, or no interface
    }
  }

  private static Path memory(Directories directories) throws BangerException {
    try {
      int uid = (Integer) Files.getAttribute(SELF, "unix:uid");
      return SHARED_MEMORY.resolve(directories.memoryName(uid));
    } catch (IOException e) {
      throw new BangerException(
          ErrorCode.HOST_UNSUPPORTED, "cannot read " + SELF, "mount /proc", e);
    }
  }

  private static void removeMemory(Path directory) throws BangerException {
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : (Iterable<Path>) files::iterator) {
        Files.deleteIfExists(file);
      }
      Files.deleteIfExists(directory);
    } catch (IOException e) {
      throw new BangerException(
          ErrorCode.PERMISSION, "cannot remove " + directory, "remove it by hand", e);
    }
  }
}
