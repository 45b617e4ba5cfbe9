package dev.banger.cli;

import dev.banger.api.DaemonApi;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.aesh.command.CommandDefinition;

@CommandDefinition(
    name = "stop",
    description = "Stop the daemon; its VMs run on",
    generateHelp = true)
final class DaemonStop extends ClientCommand {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final Duration PAUSE = Duration.ofMillis(10);

  @Override
  int run() throws BangerException, InterruptedException {
    try (Client client = Client.connectIfRunning(directories())) {
      if (client != null) {
        stop(client);
      }
      if (json) {
        printJson(new DaemonApi.Nothing());
      } else {
        System.out.println(client == null ? "no daemon runs" : "the daemon has ended");
      }
      return 0;
    }
  }

  /** It has ended when this returns. */
  static void stop(Client daemon) throws BangerException, InterruptedException {
    daemon.call(DaemonApi.STOP, new DaemonApi.Nothing());
    awaitEnd(daemon.hello().pid());
  }

  private static void awaitEnd(long pid) throws BangerException, InterruptedException {
    Path process = Path.of("/proc", Long.toString(pid));
    long end = System.nanoTime() + LIMIT.toNanos();
    while (Files.exists(process)) {
      if (System.nanoTime() > end) {
        throw new BangerException(
            ErrorCode.TIMEOUT,
            "the daemon, pid " + pid + ", did not end within " + LIMIT.toSeconds() + " s",
            "look at `banger daemon logs`");
      }
      Thread.sleep(PAUSE);
    }
  }
}
