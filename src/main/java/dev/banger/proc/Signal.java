package dev.banger.proc;

/** signal(7): the numbers that every Linux architecture shares. */
public enum Signal {
  HANGUP(1),
  INTERRUPT(2),
  ABORT(6),
  KILL(9),
  TERMINATE(15);

  private final int number;

  Signal(int number) {
    this.number = number;
  }

  public int number() {
    return number;
  }
}
