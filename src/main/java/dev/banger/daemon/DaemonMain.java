package dev.banger.daemon;

import dev.banger.model.BangerException;
import dev.banger.model.Directories;
import java.time.Clock;
import java.util.concurrent.CountDownLatch;

/** The daemon as a process: runs until SIGTERM, SIGINT, or a client's wish. */
public final class DaemonMain {
  private DaemonMain() {}

  /** Returns the exit status; the reason of a failure is on stderr, in one line. */
  public static int run(Directories directories) {
    CountDownLatch stop = new CountDownLatch(1);
    CountDownLatch closed = new CountDownLatch(1);
    try (Daemon _ = Daemon.open(directories, Clock.systemUTC(), stop::countDown)) {
      Runtime.getRuntime()
          .addShutdownHook(
              Thread.ofPlatform()
                  .name("stop")
                  .unstarted(() -> {
                    stop.countDown();
                    await(closed);
                  }));
      await(stop);
      return 0;
    } catch (BangerException e) {
      System.err.println(
          "error: " + e.getMessage() + (e.reason().isEmpty() ? "" : ": " + e.reason()));
      if (!e.hint().isEmpty()) {
        System.err.println("  hint: " + e.hint());
      }
      return 1;
    } catch (InterruptedException e) {
      return 1;
    } finally {
      closed.countDown();
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
