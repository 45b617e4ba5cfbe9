package dev.banger.proof;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Which processes belong to a home: those whose command line names it, and their descendants. */
final class HomeProcesses {
  /** One of them; ended ones that nobody has waited for do not count. */
  record Found(long pid, long parent, String command) {
    @Override
    public String toString() {
      return pid + " " + command;
    }
  }

  private HomeProcesses() {}

  static List<Found> of(Path home) {
    Map<Long, Found> all = all();
    Set<Long> ours = new HashSet<>();
    for (Found process : all.values()) {
      if (process.command().contains(home.toString())) {
        ours.add(process.pid());
      }
    }
    List<Found> found = new ArrayList<>();
    for (Found process : all.values()) {
      if (process.pid() != ProcessHandle.current().pid() && descends(process, ours, all)) {
        found.add(process);
      }
    }
    return found;
  }

  private static boolean descends(Found process, Set<Long> ours, Map<Long, Found> all) {
    Set<Long> seen = new HashSet<>();
    for (Found p = process; p != null && seen.add(p.pid()); p = all.get(p.parent())) {
      if (ours.contains(p.pid())) {
        return true;
      }
    }
    return false;
  }

  private static Map<Long, Found> all() {
    Map<Long, Found> all = new HashMap<>();
    try (Stream<Path> entries = Files.list(Path.of("/proc"))) {
      for (Path entry : entries.toList()) {
        if (entry.getFileName().toString().matches("[0-9]+")) {
          Found found = read(entry);
          if (found != null) {
            all.put(found.pid(), found);
          }
        }
      }
    } catch (IOException e) {
      throw new AssertionError("cannot read /proc", e);
    }
    return all;
  }

  private static @Nullable Found read(Path entry) {
    try {
      String stat = Files.readString(entry.resolve("stat"), StandardCharsets.ISO_8859_1);
      String[] rest = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
      if (rest[0].equals("Z") || rest[0].equals("X")) {
        return null;
      }
      String command =
          Files.readString(entry.resolve("cmdline"), StandardCharsets.ISO_8859_1)
              .replace('\0', ' ')
              .strip();
      return new Found(
          Long.parseLong(entry.getFileName().toString()), Long.parseLong(rest[1]), command);
    } catch (IOException e) {
      return null; // it has ended
    }
  }

  static void killAll(Path home) {
    for (Found found : of(home)) {
      ProcessHandle.of(found.pid()).ifPresent(ProcessHandle::destroyForcibly);
    }
  }
}
