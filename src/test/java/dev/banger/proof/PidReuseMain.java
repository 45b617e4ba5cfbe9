package dev.banger.proof;

import dev.banger.api.VmApi;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * In a pid namespace of its own: the VMM dies with its daemon, and a stranger gets its number. The
 * next daemon must neither take the stranger for the VMM nor end it.
 */
final class PidReuseMain {
  private static final Path LAST_PID = Path.of("/proc/sys/kernel/ns_last_pid");
  private static final int TRIES = 200;
  private static final Duration LIMIT = Duration.ofSeconds(10);

  private PidReuseMain() {}

  /** Prints {@code ok}, or what went wrong. */
  public static void main(String[] arguments) throws Exception {
    System.out.println(play(arguments.length > 0));
    System.exit(0);
  }

  private static String play(boolean sameProgram) throws Exception {
    try (TestDaemon daemon = TestDaemon.ofFakes().start()) {
      long pid;
      try (TestClient client = daemon.client()) {
        client.create("web", true);
        Long shown = client.show("web").pid();
        if (shown == null) {
          return "the VM does not run";
        }
        pid = shown;
      }
      List<String> program =
          sameProgram
              ? List.of(ProcessHandle.of(pid).orElseThrow().info().command().orElseThrow())
              : List.of("/bin/sleep", "1000");
      daemon.kill();
      for (HomeProcesses.Found found : HomeProcesses.of(daemon.home())) {
        ProcessHandle.of(found.pid()).ifPresent(ProcessHandle::destroyForcibly);
      }
      long until = System.nanoTime() + LIMIT.toNanos();
      while (ProcessHandle.of(pid).isPresent() && System.nanoTime() < until) {
        Thread.sleep(10); // its parent's parent waits for it
      }
      Process stranger = withPid(program, pid);
      try {
        daemon.start();
        VmApi.View web = daemon.vm("web").orElseThrow();
        if (!web.state().equals("failed") || web.pid() != null) {
          return "the stranger was taken for the VMM: " + web;
        }
        try (TestClient client = daemon.client()) {
          client.start("web");
          client.delete("web", true);
        }
        return stranger.isAlive() ? "ok" : "the stranger was ended";
      } finally {
        stranger.destroyForcibly().waitFor();
      }
    }
  }

  /** Starts it until it gets this number. */
  private static Process withPid(List<String> program, long pid) throws Exception {
    List<Process> wrong = new ArrayList<>();
    try {
      for (int i = 0; i < TRIES; i++) {
        Files.writeString(LAST_PID, Long.toString(pid - 1 - i % 2));
        Process process = new ProcessBuilder(program).start();
        if (process.pid() == pid) {
          return process;
        }
        wrong.add(process);
      }
      throw new IllegalStateException("no process got the number " + pid);
    } finally {
      wrong.forEach(Process::destroyForcibly);
    }
  }
}
