package dev.banger.doctor;

import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.Directories;
import dev.banger.model.ErrorCode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Reads a host's figures from proc(5) and cgroups(7). What a kernel does not show has no limit. */
final class HostReader {
  private static final Path SHARED_MEMORY = Path.of("/dev/shm");
  private static final int RUNNING_AND_ALL = 3;
  private static final int MOST = 1 << 16;

  private final Path proc;
  private final Path cgroups;

  HostReader(Path proc, Path cgroups) {
    this.proc = proc;
    this.cgroups = cgroups;
  }

  HostRoom look(Directories directories) throws BangerException {
    String memory = need(proc.resolve("meminfo"));
    String limits = need(proc.resolve("self/limits"));
    return new HostRoom(
        new HostRoom.Memory(
            kibibytes(memory, "MemTotal:"),
            kibibytes(memory, "MemAvailable:"),
            guestPlaces(directories)),
        place(existing(directories.data())),
        processes(limits),
        files(limits));
  }

  private static List<HostRoom.Place> guestPlaces(Directories directories) throws BangerException {
    List<HostRoom.Place> places = new ArrayList<>();
    Path run = existing(directories.run());
    for (Path path : List.of(run, SHARED_MEMORY)) {
      if (isTmpfs(path) && places.stream().noneMatch(p -> sameFileSystem(p.path(), path))) {
        places.add(place(path));
      }
    }
    return places;
  }

  private static boolean isTmpfs(Path path) {
    try {
      return Files.isDirectory(path) && Files.getFileStore(path).type().equals("tmpfs");
    } catch (IOException e) {
      return false;
    }
  }

  private static boolean sameFileSystem(Path one, Path other) {
    try {
      return Files.getAttribute(one, "unix:dev").equals(Files.getAttribute(other, "unix:dev"));
    } catch (IOException e) {
      return false;
    }
  }

  private static HostRoom.Place place(Path path) throws BangerException {
    try {
      FileStore store = Files.getFileStore(path);
      return new HostRoom.Place(
          path, new ByteSize(store.getTotalSpace()), new ByteSize(store.getUsableSpace()));
    } catch (IOException e) {
      throw new BangerException(
          ErrorCode.HOST_UNSUPPORTED, "cannot ask for the space at " + path, "check it", e);
    }
  }

  private static Path existing(Path path) {
    Path there = path.toAbsolutePath();
    while (!Files.isDirectory(there) && there.getParent() != null) {
      there = there.getParent();
    }
    return there;
  }

  /** All tasks of the host are an upper bound of what counts against a limit of one user. */
  private List<HostRoom.Count> processes(String limits) {
    List<HostRoom.Count> counts = new ArrayList<>();
    Optional<Long> tasks = tasks();
    if (tasks.isPresent()) {
      limit(limits, "Max processes")
          .ifPresent(most -> counts.add(new HostRoom.Count("RLIMIT_NPROC", tasks.get(), most)));
      for (String name : List.of("pid_max", "threads-max")) {
        number(proc.resolve("sys/kernel").resolve(name))
            .ifPresent(most -> counts.add(new HostRoom.Count("kernel." + name, tasks.get(), most)));
      }
    }
    for (Path group : pidGroups()) {
      Optional<Long> most = number(group.resolve("pids.max"));
      Optional<Long> now = number(group.resolve("pids.current"));
      if (most.isPresent() && now.isPresent()) {
        counts.add(new HostRoom.Count(group.resolve("pids.max").toString(), now.get(), most.get()));
      }
    }
    return counts;
  }

  /** Our own group and all above it, in either version of cgroups. */
  private List<Path> pidGroups() {
    List<Path> groups = new ArrayList<>();
    for (String line : read(proc.resolve("self/cgroup")).orElse("").lines().toList()) {
      String[] fields = line.split(":", 3);
      boolean second = fields.length == 3 && fields[1].isEmpty();
      boolean first = fields.length == 3 && List.of(fields[1].split(",", -1)).contains("pids");
      if (first || second) {
        Path root = first ? cgroups.resolve("pids") : cgroups;
        Path group = root.resolve(fields[2].substring(1)).normalize();
        while (group.startsWith(root)) {
          groups.add(group);
          group = group.resolveSibling("").normalize();
          if (group.equals(root.resolveSibling("").normalize())) {
            break;
          }
        }
      }
    }
    return groups;
  }

  private List<HostRoom.Count> files(String limits) {
    List<HostRoom.Count> counts = new ArrayList<>();
    Optional<Long> most = limit(limits, "Max open files");
    Optional<Long> open = open();
    if (most.isPresent() && open.isPresent()) {
      counts.add(new HostRoom.Count("RLIMIT_NOFILE", open.get(), most.get()));
    }
    String[] all = read(proc.resolve("sys/fs/file-nr")).orElse("").strip().split("\\s+", -1);
    if (all.length == RUNNING_AND_ALL) {
      counts.add(new HostRoom.Count("fs.file-max", Long.parseLong(all[0]), saturated(all[2])));
    }
    return counts;
  }

  private Optional<Long> open() {
    try (Stream<Path> descriptors = Files.list(proc.resolve("self/fd"))) {
      return Optional.of(descriptors.count());
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /** The second number of the fourth field of loadavg: all threads of this host. */
  private Optional<Long> tasks() {
    String[] fields = read(proc.resolve("loadavg")).orElse("").split(" ", -1);
    return fields.length > RUNNING_AND_ALL && fields[RUNNING_AND_ALL].contains("/")
        ? Optional.of(
            Long.parseLong(
                fields[RUNNING_AND_ALL].substring(fields[RUNNING_AND_ALL].indexOf('/') + 1)))
        : Optional.empty();
  }

  /** The soft limit; empty when there is none. */
  private static Optional<Long> limit(String limits, String name) {
    return limits
        .lines()
        .filter(line -> line.startsWith(name))
        .map(line -> line.substring(name.length()).strip().split("\\s+", -1)[0])
        .filter(word -> !word.equals("unlimited"))
        .map(Long::parseLong)
        .findFirst();
  }

  /** Empty when the file is not there, or says {@code max}. */
  private static Optional<Long> number(Path file) {
    return read(file)
        .map(String::strip)
        .filter(t -> t.matches("[0-9]+"))
        .map(HostReader::saturated);
  }

  /** Some kernels have limits beyond what Java counts to. */
  private static long saturated(String digits) {
    return digits.length() > 18 ? Long.MAX_VALUE : Long.parseLong(digits);
  }

  private static ByteSize kibibytes(String text, String name) throws BangerException {
    return text.lines()
        .filter(line -> line.startsWith(name))
        .map(line -> ByteSize.kib(Long.parseLong(line.replaceAll("[^0-9]", ""))))
        .findFirst()
        .orElseThrow(() ->
            new BangerException(
                ErrorCode.HOST_UNSUPPORTED, "/proc/meminfo has no " + name, "see proc(5)"));
  }

  private static String need(Path file) throws BangerException {
    return read(file)
        .orElseThrow(() ->
            new BangerException(ErrorCode.HOST_UNSUPPORTED, "cannot read " + file, "mount /proc"));
  }

  /** In one read: what sysctl(8) shows is all in the first, and nothing in a second one. */
  private static Optional<String> read(Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      return Optional.of(new String(in.readNBytes(MOST), StandardCharsets.ISO_8859_1));
    } catch (IOException e) {
      return Optional.empty();
    }
  }
}
