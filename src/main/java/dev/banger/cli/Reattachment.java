package dev.banger.cli;

import dev.banger.api.StreamApi;
import dev.banger.model.BangerException;
import dev.banger.model.Directories;
import dev.banger.model.ErrorCode;
import java.io.IOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** The way from a program whose daemon has gone to the next daemon, and to the program there. */
final class Reattachment {
  private static final Duration LIMIT = Duration.ofSeconds(60);

  /** A VM that does not run, or is not there, may only not have been taken over yet. */
  private static final Duration TAKE_OVER = Duration.ofSeconds(10);

  private static final Duration PAUSE = Duration.ofMillis(100);

  private final Directories directories;
  private final ProgramSession.Begun begun;

  /** The program at its new daemon. */
  record Found(ProgramLink link, StreamApi.Attached attached) {}

  Reattachment(Directories directories, ProgramSession.Begun begun) {
    this.directories = directories;
    this.begun = begun;
  }

  /**
   * @param orderly wait for a daemon that others start
   * @param before the process that is about to end
   */
  Found find(boolean orderly, long before, long stdout, long stderr)
      throws BangerException, InterruptedException {
    long start = System.nanoTime();
    BangerException last = null;
    while (System.nanoTime() - start < LIMIT.toNanos()) {
      try {
        Client client = orderly ? Client.connectIfRunning(directories) : startOrFind();
        if (client != null && orderly && client.hello().pid() == before) {
          client.close();
        } else if (client != null) {
          return attach(client, stdout, stderr);
        }
      } catch (BangerException e) {
        last = e;
        if (!mayPass(e, System.nanoTime() - start)) {
          break;
        }
      }
      Thread.sleep(PAUSE);
    }
    throw gone(last);
  }

  /** Of whatever version: what a client says to a program is the same in all of them. */
  private Client startOrFind() throws BangerException, InterruptedException {
    Client client = Client.connectIfRunning(directories);
    return client != null ? client : DaemonStarter.start(directories);
  }

  private Found attach(Client client, long stdout, long stderr) throws BangerException {
    try {
      StreamApi.Running running = begun.running();
      StreamApi.Attached attached =
          client.call(
              StreamApi.ATTACH,
              new StreamApi.Attach(
                  running.vm(),
                  running.exec(),
                  begun.oneShot(),
                  begun.tty(),
                  begun.stdin(),
                  stdout,
                  stderr));
      return new Found(new ProgramLink(client), attached);
    } catch (BangerException e) {
      client.close();
      throw e;
    } catch (IOException e) {
      client.close();
      throw lost(e);
    }
  }

  private static boolean mayPass(BangerException e, long nanos) {
    return switch (e.code()) {
      case UNAVAILABLE, TIMEOUT, GUEST_FAILED -> true;
      case WRONG_STATE -> nanos < TAKE_OVER.toNanos();
      default -> false;
    };
  }

  private BangerException gone(@Nullable BangerException cause) {
    boolean over = cause != null && cause.code() == ErrorCode.NOT_FOUND;
    return new BangerException(
        ErrorCode.UNAVAILABLE,
        "the daemon ended, and the program cannot be taken up again",
        over
            ? "it has ended with its VM, or was forgotten"
            : "it runs on in " + begun.running().name() + " for 10 minutes; `banger daemon logs`",
        cause);
  }

  static BangerException lost(@Nullable IOException cause) {
    return new BangerException(
        ErrorCode.UNAVAILABLE,
        "the daemon hung up while the program ran",
        "look at `banger daemon logs`",
        cause);
  }
}
