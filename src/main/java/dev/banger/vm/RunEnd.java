package dev.banger.vm;

import dev.banger.model.BangerException;
import dev.banger.store.VmRow;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * How a run came to its end, as it stands in the journal while what the run had goes: the shim's
 * record goes first, and a daemon that dies before the end is in the VM's row must not forget it.
 *
 * @param ran how long the VM ran
 * @param asked a user wanted it
 */
record RunEnd(RestartRules.Ending ending, Instant time, Duration ran, boolean asked, String why) {
  private static final int WORDS = 5;

  /** What {@link #settle} takes. */
  List<String> words() {
    return List.of(
        ending.name(),
        time.toString(),
        ran.toString(),
        Boolean.toString(asked),
        why.replace('\n', ' '));
  }

  VmRow.State state() {
    return ending == RestartRules.Ending.FAILURE ? VmRow.State.FAILED : VmRow.State.STOPPED;
  }

  Outcomes.Outcome outcome(VmRow row, Transitions transitions) {
    return new Outcomes.Outcome(
        state() == VmRow.State.FAILED ? Phase.FAILED : Phase.STOPPED,
        why,
        () -> write(row, transitions));
  }

  private void write(VmRow row, Transitions transitions) throws BangerException {
    VmRow.Restarts restarts = RestartRules.after(row, ending, ran, time);
    transitions.ended(row, state(), time, why, asked, restarts);
  }

  /** Writes down what a daemon that died had no time to; no words: there is nothing to say. */
  static void settle(List<String> words, VmRow row, Transitions transitions)
      throws BangerException {
    if (words.size() == WORDS && row.state() == VmRow.State.RUNNING) {
      new RunEnd(
              RestartRules.Ending.valueOf(words.get(0)),
              Instant.parse(words.get(1)),
              Duration.parse(words.get(2)),
              Boolean.parseBoolean(words.get(3)),
              words.get(4))
          .write(row, transitions);
    }
  }
}
