package dev.banger.daemon;

import dev.banger.model.BangerException;
import dev.banger.model.Directories;
import dev.banger.model.ErrorCode;
import dev.banger.privileged.Root;
import java.nio.file.Path;
import java.time.Clock;
import java.util.concurrent.CountDownLatch;

/** The daemon as a process: runs until SIGTERM, SIGINT, or a client's wish. */
public final class DaemonMain {
  private DaemonMain() {}

  /** Returns the exit status; the reason of a failure is on stderr. */
  public static int run(String[] arguments) {
    return run(arguments, Backend.standard(), Clock.systemUTC());
  }

  /** As {@link #run(String[])}, with other machines, images and another time of day. */
  public static int run(String[] arguments, Backend backend, Clock clock) {
    try {
      return run(directories(arguments), backend, clock);
    } catch (BangerException e) {
      complain(e);
      return 1;
    }
  }

  /** {@code daemon [--data-dir DIR]}. */
  private static Directories directories(String[] arguments) throws BangerException {
    if (arguments.length == 1) {
      return Directories.of(System.getenv(), null, Root.isRoot());
    }
    if (arguments.length == 3 && arguments[1].equals("--data-dir")) {
      return Directories.of(System.getenv(), Path.of(arguments[2]), Root.isRoot());
    }
    throw new BangerException(
        ErrorCode.INVALID,
        "cannot read the arguments of the daemon",
        "banger daemon [--data-dir DIR]; `banger daemon start` starts one in the background");
  }

  private static void complain(BangerException e) {
    String reason = e.reason();
    System.err.println("error: " + e.getMessage() + (reason.isEmpty() ? "" : ": " + reason));
    System.err.println("  code: " + e.code());
    if (!e.hint().isEmpty()) {
      System.err.println("  hint: " + e.hint());
    }
  }

  private static int run(Directories directories, Backend backend, Clock clock) {
    CountDownLatch stop = new CountDownLatch(1);
    CountDownLatch closed = new CountDownLatch(1);
    try (Daemon _ = Daemon.open(directories, backend, clock, stop::countDown)) {
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
      complain(e);
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
