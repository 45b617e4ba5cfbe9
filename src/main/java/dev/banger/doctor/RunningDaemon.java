package dev.banger.doctor;

import dev.banger.model.Directories;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/** The daemon of these directories, if one runs. */
final class RunningDaemon {
  private static final Path PROC = Path.of("/proc");

  private RunningDaemon() {}

  /** Who holds the lock on the data directory. */
  static Optional<Long> pid(Directories directories) {
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
