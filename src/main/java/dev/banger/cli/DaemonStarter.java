package dev.banger.cli;

import dev.banger.model.BangerException;
import dev.banger.model.Directories;
import dev.banger.model.ErrorCode;
import java.io.File;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Starts the daemon in a session of its own. Clients that find none at the same time queue at a
 * lock file; all but the first then find the daemon that the first has started.
 */
final class DaemonStarter {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final Duration PAUSE = Duration.ofMillis(20);
  private static final int LOG_LINES = 15;

  private DaemonStarter() {}

  static Client start(Directories directories) throws BangerException, InterruptedException {
    Path log = directories.daemonLog().resolveSibling("daemon.out");
    try {
      makePrivate(directories.run());
      makePrivate(directories.data());
      makePrivate(log.resolveSibling("."));
      try (FileChannel lock = openLock(directories.run().resolve("start.lock"));
          var _ = lock.lock()) {
        Client other = Client.connectIfRunning(directories);
        return other != null ? other : await(directories, launch(directories, log), log);
      }
    } catch (IOException e) {
      throw new BangerException(
          ErrorCode.HOST_UNSUPPORTED,
          "cannot start the daemon in " + directories.data(),
          "check the rights and the space of " + directories.data() + " and " + directories.run(),
          e);
    }
  }

  /** Made with the owner's rights alone; what exists is left as it is. */
  private static void makePrivate(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) {
      Files.createDirectories(
          directory,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    }
  }

  private static FileChannel openLock(Path path) throws IOException {
    return FileChannel.open(
        path,
        Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
  }

  private static Process launch(Directories directories, Path log) throws IOException {
    List<String> command = new ArrayList<>();
    command.add("setsid");
    String launcher = System.getProperty("banger.launcher");
    if (launcher != null) {
      command.add(launcher);
    } else {
      command.add(System.getProperty("java.home") + "/bin/java");
      command.add("--enable-native-access=ALL-UNNAMED");
      command.add("-cp");
      command.add(System.getProperty("java.class.path"));
      command.add("dev.banger.Main");
    }
    command.add("daemon");
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(new File("/"))
            .redirectInput(new File("/dev/null"))
            .redirectErrorStream(true)
            .redirectOutput(log.toFile());
    if (directories.config().equals(directories.data())) {
      builder.environment().put("BANGER_HOME", directories.data().toString());
    }
    return builder.start();
  }

  private static Client await(Directories directories, Process daemon, Path log)
      throws BangerException, InterruptedException, IOException {
    long end = System.nanoTime() + LIMIT.toNanos();
    while (System.nanoTime() < end) {
      Client client = Client.connectIfRunning(directories);
      if (client != null) {
        return client;
      }
      if (!daemon.isAlive()) {
        throw failed("cannot start the daemon: it ended with status " + daemon.exitValue(), log);
      }
      Thread.sleep(PAUSE);
    }
    daemon.destroy();
    throw failed(
        "cannot start the daemon: it did not answer within " + LIMIT.toSeconds() + " s", log);
  }

  private static BangerException failed(String tried, Path log) throws IOException {
    List<String> lines =
        new String(Files.readAllBytes(log), StandardCharsets.UTF_8).lines().toList();
    String last =
        String.join("\n    ", lines.subList(Math.max(0, lines.size() - LOG_LINES), lines.size()));
    return new BangerException(
        ErrorCode.UNAVAILABLE,
        tried + (last.isEmpty() ? "" : "; it said last:\n    " + last),
        "see " + log + " and `banger daemon logs`");
  }
}
