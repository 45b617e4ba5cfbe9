package dev.banger.guest;

/** Who of an exec's processes gets a signal. */
public enum SignalScope {
  /** Its process group; with a terminal the foreground group. */
  GROUP(0),
  /** The process alone. */
  PROCESS(1),
  /** Everything in its cgroup. */
  EVERYTHING(2);

  private final int number;

  SignalScope(int number) {
    this.number = number;
  }

  /** As EXEC_SIGNAL wants it. */
  int number() {
    return number;
  }
}
