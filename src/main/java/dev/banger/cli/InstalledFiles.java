package dev.banger.cli;

import dev.banger.model.Directories;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What banger keeps in its directories, by name (docs/state-dir.md). What has another name is
 * somebody else's: it stays, and so does the directory around it.
 */
final class InstalledFiles {
  /** Below the run directory. */
  static final List<String> RUNTIME =
      List.of("vm", "banger.sock", "banger.sock.lock", "start.lock");

  /** Below the data directory, and what it is to the user. */
  static final Map<String, String> DATA =
      new TreeMap<>(
          Map.ofEntries(
              Map.entry("banger.db", "VMs and their settings"),
              Map.entry("banger.db-shm", ""),
              Map.entry("banger.db-wal", ""),
              Map.entry("banger.db.reserve", ""),
              Map.entry("daemon.lock", ""),
              Map.entry("images", "images"),
              Map.entry("kernels", "kernels"),
              Map.entry("vmm", "releases of Firecracker"),
              Map.entry("log", "the daemon's log"),
              Map.entry("repairs", "what `banger doctor --fix` did"),
              Map.entry("seeds", "seeds of home directories"),
              Map.entry("ssh", "the daemon's SSH key"),
              Map.entry("templates", ""),
              Map.entry("vms", "VMs' disks")));

  /** Below the cache directory. */
  static final List<String> CACHE =
      List.of("accelerator", "apt", "archives", "blobs", "build", "initramfs", "probes");

  private static final String BACKUP = "banger\\.db\\.[0-9]+\\.backup";
  private static final String CONFIGURATION = "config.toml";

  private final Directories directories;
  private final List<String> failures = new ArrayList<>();

  InstalledFiles(Directories directories) {
    this.directories = directories;
  }

  /** Whether there is anything at all. */
  boolean isThere() {
    return !existing(true).isEmpty();
  }

  /** What stays without {@code --purge}, in words. */
  List<String> kept() {
    List<String> kept = new ArrayList<>();
    DATA.forEach((name, what) -> {
      Path path = directories.data().resolve(name);
      if (!what.isEmpty() && exists(path)) {
        kept.add(path + " (" + what + ")");
      }
    });
    if (CACHE.stream().anyMatch(name -> exists(directories.cache().resolve(name)))) {
      kept.add(directories.cache() + " (what can be downloaded or made again)");
    }
    Path configuration = directories.config().resolve(CONFIGURATION);
    if (exists(configuration)) {
      kept.add(configuration + " (your settings)");
    }
    return kept;
  }

  /**
   * Removes what only running VMs and daemons need, or all; returns what was there. What cannot be
   * removed is in {@link #failures}.
   */
  List<String> remove(boolean purge) {
    List<String> removed = new ArrayList<>();
    for (Path path : existing(purge)) {
      if (delete(path)) {
        removed.add(path.toString());
      }
    }
    for (Path directory : parents(purge)) {
      deleteIfEmpty(directory);
    }
    return removed;
  }

  /** What was not to be removed, and why. */
  List<String> failures() {
    return List.copyOf(failures);
  }

  private List<Path> existing(boolean purge) {
    List<Path> all = new ArrayList<>();
    RUNTIME.forEach(name -> all.add(directories.run().resolve(name)));
    if (purge) {
      DATA.keySet().forEach(name -> all.add(directories.data().resolve(name)));
      all.addAll(backups());
      CACHE.forEach(name -> all.add(directories.cache().resolve(name)));
      all.add(directories.config().resolve(CONFIGURATION));
    }
    return all.stream().filter(InstalledFiles::exists).toList();
  }

  private List<Path> backups() {
    if (!Files.isDirectory(directories.data())) {
      return List.of();
    }
    try (Stream<Path> names = Files.list(directories.data())) {
      return names.filter(path -> String.valueOf(path.getFileName()).matches(BACKUP)).toList();
    } catch (IOException | UncheckedIOException e) {
      failures.add("cannot read " + directories.data() + ": " + e);
      return List.of();
    }
  }

  private List<Path> parents(boolean purge) {
    return purge
        ? List.of(directories.run(), directories.cache(), directories.config(), directories.data())
        : List.of(directories.run());
  }

  private static boolean exists(Path path) {
    return Files.exists(path, LinkOption.NOFOLLOW_LINKS);
  }

  /** A symlink goes, what it leads to stays. */
  private boolean delete(Path top) {
    int before = failures.size();
    try {
      Files.walkFileTree(top, new Deletion());
    } catch (IOException e) {
      failures.add("cannot remove " + top + ": " + e);
    }
    return failures.size() == before;
  }

  private final class Deletion extends SimpleFileVisitor<Path> {
    @Override
    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
      return gone(file);
    }

    @Override
    public FileVisitResult visitFileFailed(Path file, IOException e) {
      failures.add("cannot remove " + file + ": " + e);
      return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException e) {
      return gone(directory);
    }

    private FileVisitResult gone(Path path) {
      try {
        Files.deleteIfExists(path);
      } catch (IOException e) {
        failures.add("cannot remove " + path + ": " + e);
      }
      return FileVisitResult.CONTINUE;
    }
  }

  private static void deleteIfEmpty(Path directory) {
    try {
      Files.deleteIfExists(directory);
    } catch (IOException e) {
      // Somebody else's files are in it.
    }
  }
}
