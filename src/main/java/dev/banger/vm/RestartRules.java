package dev.banger.vm;

import dev.banger.model.RestartPolicy;
import dev.banger.store.VmRow;
import dev.banger.vmm.VmmExit;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * Whether, and when, a VM that ended comes up again. The pauses are docker's: 100 ms, doubled each
 * time up to a minute, and 100 ms again behind a run of 10 s.
 */
final class RestartRules {
  static final Duration FIRST_PAUSE = Duration.ofMillis(100);
  static final Duration LONGEST_PAUSE = Duration.ofMinutes(1);
  static final Duration GOOD_RUN = Duration.ofSeconds(10);

  private RestartRules() {}

  /** How it came to its end. */
  enum Ending {
    BY_USER,
    /** The guest wants to come up again: its VMM ends with it. */
    GUEST_REBOOTED,
    /** The guest powered itself off. */
    IN_ORDER,
    /** It was killed, it crashed, it panicked, it did not start. */
    FAILURE;

    static Ending of(VmmExit.Reason reason) {
      return switch (reason) {
        case GUEST_REBOOTED -> GUEST_REBOOTED;
        case GUEST_POWERED_OFF, QUIT -> IN_ORDER;
        case GUEST_PANICKED, KILLED, CRASHED, HOST_RESTARTED -> FAILURE;
      };
    }
  }

  /** What is to be written with the end; {@code due} is empty when it stays down. */
  static VmRow.Restarts after(VmRow row, Ending ending, Duration ran, Instant now) {
    VmRow.Restarts before = row.restarts();
    if (!comesUp(row, ending)) {
      return new VmRow.Restarts(before.count(), before.last(), Duration.ZERO, Optional.empty());
    }
    boolean policy = ending != Ending.GUEST_REBOOTED;
    Duration pause = pause(before.pause(), ran);
    return new VmRow.Restarts(
        before.count() + (policy ? 1 : 0), before.last(), pause, Optional.of(now.plus(pause)));
  }

  private static boolean comesUp(VmRow row, Ending ending) {
    if (row.oneShot() || ending == Ending.BY_USER) {
      return false;
    }
    return ending == Ending.GUEST_REBOOTED
        || switch (row.policy().restart()) {
          case RestartPolicy.Never _ -> false;
          case RestartPolicy.Always _ -> true;
          case RestartPolicy.OnFailure(int most) ->
              ending == Ending.FAILURE && (most == 0 || row.restarts().count() < most);
        };
  }

  private static Duration pause(Duration last, Duration ran) {
    if (last.isZero() || ran.compareTo(GOOD_RUN) >= 0) {
      return FIRST_PAUSE;
    }
    Duration doubled = last.multipliedBy(2);
    return doubled.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : doubled;
  }
}
