package dev.banger.proof;

import dev.banger.model.ErrorCode;
import java.util.EnumSet;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What a client asks for in a storm, and what must come of it. */
enum StormAction {
  CREATE(3),
  CREATE_STARTED(5),
  START(6),
  STOP(4),
  KILL(2),
  RESTART(3),
  DELETE(3),
  DELETE_IF_OFF(2),
  EXEC(8),
  SET(5),
  CANCEL_CREATE(3),
  CANCEL_START(3),
  VMM_DIES(1),
  GUEST_PANICS(1),
  GUEST_POWERS_OFF(1);

  /** Those that no client asks for: something happens to the guest. */
  static final Set<StormAction> ACCIDENTS = EnumSet.of(VMM_DIES, GUEST_PANICS, GUEST_POWERS_OFF);

  private static final int TOTAL =
      EnumSet.allOf(StormAction.class).stream().mapToInt(action -> action.weight).sum();

  private final int weight;

  StormAction(int weight) {
    this.weight = weight;
  }

  static StormAction any(Random random) {
    int left = random.nextInt(TOTAL);
    for (StormAction action : values()) {
      left -= action.weight;
      if (left < 0) {
        return action;
      }
    }
    throw new IllegalStateException("weights and their sum differ");
  }

  /**
   * What must come of it.
   *
   * @param done what the VM is when it succeeds; null: it must be refused
   * @param refusal the code of that
   * @param lost what it may be when the daemon dies meanwhile
   */
  record Expected(@Nullable Fate done, @Nullable ErrorCode refusal, Set<Fate> lost) {
    static Expected done(Fate done, Fate... lost) {
      return new Expected(done, null, EnumSet.of(done, lost));
    }

    static Expected refused(ErrorCode code, Fate before) {
      return new Expected(null, code, EnumSet.of(before));
    }
  }

  /** Of those that are one call. */
  Expected expected(Fate before) {
    if (this == CREATE || this == CREATE_STARTED) {
      Fate made = this == CREATE ? Fate.CREATED : Fate.RUNNING;
      return before == Fate.ABSENT
          ? Expected.done(made, Fate.ABSENT)
          : Expected.refused(ErrorCode.ALREADY_EXISTS, before);
    }
    if (before == Fate.ABSENT) {
      return Expected.refused(ErrorCode.NOT_FOUND, before);
    }
    boolean runs = before == Fate.RUNNING;
    return switch (this) {
      case START ->
          runs
              ? Expected.refused(ErrorCode.WRONG_STATE, before)
              : Expected.done(Fate.RUNNING, before);
      case STOP ->
          runs ? Expected.done(Fate.STOPPED, Fate.RUNNING, Fate.FAILED) : Expected.done(before);
      case KILL ->
          runs
              ? Expected.done(Fate.STOPPED, Fate.RUNNING, Fate.FAILED)
              : Expected.refused(ErrorCode.WRONG_STATE, before);
      case RESTART -> Expected.done(Fate.RUNNING, before, Fate.STOPPED, Fate.FAILED);
      case DELETE -> Expected.done(Fate.ABSENT, before, Fate.STOPPED, Fate.FAILED);
      case DELETE_IF_OFF ->
          runs
              ? Expected.refused(ErrorCode.WRONG_STATE, before)
              : Expected.done(Fate.ABSENT, before);
      case EXEC ->
          runs ? Expected.done(Fate.RUNNING) : Expected.refused(ErrorCode.WRONG_STATE, before);
      default -> throw new IllegalStateException(this + " is not one call");
    };
  }
}
