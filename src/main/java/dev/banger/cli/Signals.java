package dev.banger.cli;

import sun.misc.Signal;

/** Signals to this client. Handlers run on a thread of the JVM's own. */
final class Signals {
  static final int INTERRUPT = 2;
  static final int KILL = 9;
  static final int BROKEN_PIPE = 13;
  static final int TERMINATE = 15;

  private Signals() {}

  /** {@code name} as in kill(1): INT, TERM, WINCH. */
  static void on(String name, Runnable handler) {
    Signal.handle(new Signal(name), signal -> handler.run());
  }
}
