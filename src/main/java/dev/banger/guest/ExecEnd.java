package dev.banger.guest;

/** How a program ended, and how many bytes it had written by then. */
public sealed interface ExecEnd {
  long stdoutTotal();

  long stderrTotal();

  /** It exited. */
  record Exited(int status, long stdoutTotal, long stderrTotal) implements ExecEnd {}

  /** A signal ended it. */
  record Signalled(int signal, long stdoutTotal, long stderrTotal) implements ExecEnd {}

  /** What a shell would report: the status, or 128 and the signal. */
  default int exitStatus() {
    return switch (this) {
      case Exited exited -> exited.status();
      case Signalled signalled -> 128 + signalled.signal();
    };
  }

  static ExecEnd read(WireReader in) throws MalformedException {
    int how = in.choice(2);
    int value = (int) in.u32();
    long stdoutTotal = in.u64();
    long stderrTotal = in.u64();
    return how == 0
        ? new Exited(value, stdoutTotal, stderrTotal)
        : new Signalled(value, stdoutTotal, stderrTotal);
  }
}
