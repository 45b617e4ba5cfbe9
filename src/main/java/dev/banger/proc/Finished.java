package dev.banger.proc;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.io.IOException;
import java.util.List;

/**
 * A program that has ended.
 *
 * @param program its name
 * @param status its exit status; 128 + N when signal N ended it
 * @param output captured standard output; empty when a listener took the lines
 * @param lastErrors the last lines of standard error
 */
public record Finished(String program, int status, String output, List<String> lastErrors) {
  private static final String FULL_DISK = "No space left on device";

  public boolean ok() {
    return status == 0;
  }

  /** This, if the program succeeded, else a failure that says what was tried. */
  public Finished orThrow(ErrorCode code, String tried, String hint) throws BangerException {
    if (ok()) {
      return this;
    }
    throw failure(code, tried, hint);
  }

  /** The failure, with the last lines of standard error as its cause; a full disk is NO_SPACE. */
  public BangerException failure(ErrorCode code, String tried, String hint) {
    IOException cause =
        new IOException(
            program
                + " ended with status "
                + status
                + (lastErrors.isEmpty() ? "" : ": " + String.join("\n", lastErrors)));
    boolean full = lastErrors.stream().anyMatch(line -> line.contains(FULL_DISK));
    return full
        ? new BangerException(ErrorCode.NO_SPACE, tried, "free some space on that disk", cause)
        : new BangerException(code, tried, hint, cause);
  }
}
