package dev.banger.cli;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** Asks who sits at the terminal; where nobody does, {@code --yes} has to be said before. */
final class Question {
  private final boolean yes;

  /**
   * @param yes the answer to all is given
   */
  Question(boolean yes) {
    this.yes = yes;
  }

  /** Whether to do it. */
  boolean ask(String what) throws BangerException, UsageException {
    if (yes) {
      return true;
    }
    if (!Terminal.stdin() || !Terminal.stderr()) {
      throw new UsageException(
          "nobody can be asked, since stdin is no terminal: " + what + "?",
          "add --yes to do it without a question");
    }
    System.err.print(what + ". Do it? [y/N] ");
    System.err.flush();
    try {
      String answer =
          new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)).readLine();
      return answer != null && answer.strip().toLowerCase(Locale.ROOT).matches("y|yes");
    } catch (IOException e) {
      throw new BangerException(ErrorCode.UNAVAILABLE, "cannot read the answer", "say --yes", e);
    }
  }
}
