package dev.banger.vm;

import java.time.Duration;

/**
 * Judges, sample by sample, whether a guest answers. It takes long to be called silent and two
 * answers to be called well again, so that a busy one does not flicker; time in which the judge
 * itself did not run counts for nothing.
 */
final class Pulse {
  private static final Duration LONGEST_GAP = Duration.ofSeconds(2);
  private static final int ANSWERS_TO_RECOVER = 2;

  private final Duration limit;
  private Duration silence = Duration.ZERO;
  private int answers;
  private boolean well = true;

  /**
   * @param limit the silence that is too long
   */
  Pulse(Duration limit) {
    this.limit = limit;
  }

  /**
   * Takes a sample; true while the guest is well.
   *
   * @param answered whether it gave a sign since the last sample
   * @param gap the time since then
   */
  boolean sample(boolean answered, Duration gap) {
    if (answered) {
      silence = Duration.ZERO;
      answers++;
      well = well || answers >= ANSWERS_TO_RECOVER;
      return well;
    }
    silence = silence.plus(gap.compareTo(LONGEST_GAP) > 0 ? LONGEST_GAP : gap);
    if (silence.compareTo(limit) >= 0) {
      well = false;
      answers = 0;
    }
    return well;
  }
}
