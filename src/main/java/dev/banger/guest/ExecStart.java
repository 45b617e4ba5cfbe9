package dev.banger.guest;

/** The outcome of an attempt to run a program. */
public sealed interface ExecStart {
  /** It runs. */
  record Started(GuestExec exec) implements ExecStart {}

  /** The guest could not execute it: execve(2) or a step before it failed with this errno. */
  record Refused(int errno, String message) implements ExecStart {
    private static final int ENOENT = 2;
    private static final int NOT_FOUND_STATUS = 127;
    private static final int NOT_EXECUTABLE_STATUS = 126;

    /** What a shell would exit with. */
    public int exitStatus() {
      return errno == ENOENT ? NOT_FOUND_STATUS : NOT_EXECUTABLE_STATUS;
    }
  }
}
