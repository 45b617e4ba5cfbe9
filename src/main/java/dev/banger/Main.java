package dev.banger;

import dev.banger.cli.Cli;
import dev.banger.daemon.DaemonMain;

/** Picks a face: the daemon or a client command. */
public final class Main {
  private Main() {}

  public static void main(String[] arguments) {
    if (isDaemon(arguments)) {
      System.exit(DaemonMain.run(arguments));
    }
    System.exit(Cli.run(arguments));
  }

  /**
   * {@code banger daemon [--option ...]}; {@code banger daemon start} and the like are client
   * commands. The launcher decides in the same way, since the two faces have flags of their own.
   */
  private static boolean isDaemon(String[] arguments) {
    return arguments.length > 0
        && arguments[0].equals("daemon")
        && (arguments.length == 1
            || (arguments[1].startsWith("-")
                && !arguments[1].equals("-h")
                && !arguments[1].equals("--help")));
  }
}
