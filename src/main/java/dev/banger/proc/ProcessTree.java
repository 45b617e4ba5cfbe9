package dev.banger.proc;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A session leader with all that it started: its descendants, and the orphans that are still in its
 * session.
 */
final class ProcessTree {
  private static final Path PROC = Path.of("/proc");
  private static final int SESSION_FIELD = 3;
  private static final int ROUNDS = 10;

  private final ProcessHandle leader;

  ProcessTree(ProcessHandle leader) {
    this.leader = leader;
  }

  /**
   * SIGTERM, then after {@code grace} SIGKILL until nobody is left. Interrupts wait until it is
   * done.
   */
  void kill(Duration grace) {
    boolean interrupted = Thread.interrupted();
    try {
      Set<ProcessHandle> members = members();
      if (members.isEmpty()) {
        return;
      }
      members.forEach(ProcessHandle::destroy);
      interrupted |= awaitEnd(members, grace);
      for (int round = 0; round < ROUNDS; round++) {
        members.addAll(members());
        members.removeIf(p -> !p.isAlive());
        if (members.isEmpty()) {
          return;
        }
        members.forEach(ProcessHandle::destroyForcibly);
        interrupted |= awaitEnd(members, Duration.ofSeconds(1));
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Says whether it was interrupted; goes on all the same. */
  private static boolean awaitEnd(Set<ProcessHandle> processes, Duration limit) {
    CompletableFuture<?> all =
        CompletableFuture.allOf(
            processes.stream().map(ProcessHandle::onExit).toArray(CompletableFuture[]::new));
    long end = System.nanoTime() + limit.toNanos();
    boolean interrupted = false;
    while (true) {
      try {
        all.get(end - System.nanoTime(), TimeUnit.NANOSECONDS);
        return interrupted;
      } catch (InterruptedException e) {
        interrupted = true;
      } catch (TimeoutException | ExecutionException e) {
        return interrupted;
      }
    }
  }

  private Set<ProcessHandle> members() {
    Set<ProcessHandle> members = new LinkedHashSet<>();
    members.add(leader);
    leader.descendants().forEach(members::add);
    try (DirectoryStream<Path> processes = Files.newDirectoryStream(PROC, "[0-9]*")) {
      for (Path process : processes) {
        if (session(process) == leader.pid()) {
          ProcessHandle.of(Long.parseLong(process.getFileName().toString()))
              .ifPresent(members::add);
        }
      }
    } catch (IOException e) {
      return members; // without /proc the descendants have to do
    }
    members.removeIf(p -> !p.isAlive());
    return members;
  }

  /** The session of {@code /proc/PID}; -1 when the process is gone. */
  private static long session(Path process) {
    try {
      String stat = Files.readString(process.resolve("stat"));
      String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
      return Long.parseLong(fields[SESSION_FIELD]);
    } catch (IOException | IndexOutOfBoundsException | NumberFormatException e) {
      return -1;
    }
  }
}
