package dev.banger.doctor;

import dev.banger.model.Directories;
import dev.banger.proc.Binaries;
import dev.banger.proc.ServiceStop;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Whether VMs live on when systemd stops the service that the daemon is in, if it is in one. */
final class ServiceCheck implements Check {
  private static final Path PROC = Path.of("/proc");

  private final Directories directories;
  private final Binaries binaries;

  ServiceCheck(Directories directories, Binaries binaries) {
    this.directories = directories;
    this.binaries = binaries;
  }

  @Override
  public String name() {
    return "daemon's service";
  }

  /** The daemon that runs; else the one that would be started from here. */
  @Override
  public List<Finding> run() {
    return List.of(
        finding(
            daemon()
                .map(pid -> ServiceStop.of(pid, binaries))
                .orElseGet(() -> ServiceStop.here(binaries))));
  }

  Finding finding(ServiceStop stop) {
    return switch (stop) {
      case ServiceStop.Harmless() -> Finding.ok(name(), "none; VMs outlive the daemon");
      case ServiceStop.Scoped scoped ->
          Finding.ok(name(), scoped.service() + "; VMs outlive it, each in a scope");
      case ServiceStop.Fatal fatal ->
          Finding.warning(
              name(), "VMs end when " + fatal.service() + " stops: " + fatal.why(), fatal.cure());
    };
  }

  /** Who holds the lock on the data directory. */
  private Optional<Long> daemon() {
    Path lock = directories.data().resolve("daemon.lock");
    try (Stream<String> locks = Files.lines(PROC.resolve("locks"))) {
      String inode = ":" + Files.getAttribute(lock, "unix:ino");
      return locks
          .map(line -> line.trim().split("\\s+", -1))
          .filter(words -> words.length > 5 && words[5].endsWith(inode))
          .map(words -> Long.parseLong(words[4]))
          .filter(pid -> hasOpen(pid, lock))
          .findFirst();
    } catch (IOException | RuntimeException e) {
      return Optional.empty(); // no lock, or one that cannot be seen from here
    }
  }

  private static boolean hasOpen(long pid, Path file) {
    try (Stream<Path> open = Files.list(PROC.resolve(pid + "/fd"))) {
      Path real = file.toRealPath();
      for (Path descriptor : (Iterable<Path>) open::iterator) {
        if (Files.isSymbolicLink(descriptor) && Files.readSymbolicLink(descriptor).equals(real)) {
          return true;
        }
      }
    } catch (IOException e) {
      return false; // another user's, or it has ended
    }
    return false;
  }
}
