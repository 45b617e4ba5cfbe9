package dev.banger.proc;

/** signal(7): the numbers on x86 and ARM. */
public enum Signal {
  HANGUP(1),
  INTERRUPT(2),
  ABORT(6),
  KILL(9),
  TERMINATE(15),
  CONTINUE(18),
  STOP(19);

  private final int number;

  Signal(int number) {
    this.number = number;
  }

  public int number() {
    return number;
  }
}
