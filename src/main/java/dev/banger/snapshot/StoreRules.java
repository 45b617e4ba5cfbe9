package dev.banger.snapshot;

import dev.banger.model.ByteSize;

/**
 * What becomes of a store that fills up, by its figures alone. It grows as long as the host has
 * room; then its guest is held up before it is full, and goes on when there is room.
 *
 * @param reserve what is to be free of it
 * @param most what the disk can need at all
 */
public record StoreRules(ByteSize reserve, ByteSize most) {
  /** Of the reserve: with less free, the store is to grow. */
  private static final int LOW = 2;

  /** With less free, and no room, the guest is held; it goes on with twice that. */
  private static final int FULL = 8;

  private static final int AGAIN = 4;

  /** What is to be done. */
  public sealed interface Action {
    record Nothing() implements Action {}

    /** The store becomes so large. */
    record Grow(ByteSize size) implements Action {}

    /** The store becomes so large, and is read anew with the guest held. */
    record Revive(ByteSize size) implements Action {}

    /** There is no room for what is to be free. */
    record Warn() implements Action {}

    /** The guest must not write. */
    record Hold() implements Action {}

    /** A guest that was held goes on. */
    record Release() implements Action {}

    /** The disk is lost. */
    record Lost() implements Action {}
  }

  /**
   * Decides.
   *
   * @param size of the store
   * @param room what the host can give
   * @param held whether the guest is held up
   */
  public Action decide(StoreUsage usage, ByteSize size, ByteSize room, boolean held) {
    return switch (usage.state()) {
      case INVALID -> new Action.Lost();
      case OVERFLOWN, AWAY -> revive(usage.state(), size, room, held);
      case WHOLE -> whole(usage, room, held);
    };
  }

  private Action revive(StoreUsage.State state, ByteSize size, ByteSize room, boolean held) {
    ByteSize target = target(size, reserve, room);
    boolean enough = target.bytes() - size.bytes() >= reserve.bytes() / AGAIN;
    if (enough || state == StoreUsage.State.AWAY || size.compareTo(most) >= 0) {
      return new Action.Revive(target);
    }
    return held ? new Action.Nothing() : new Action.Hold();
  }

  private Action whole(StoreUsage usage, ByteSize room, boolean held) {
    long free = usage.free().bytes();
    if (usage.total().compareTo(most) >= 0 || free >= reserve.bytes() / LOW) {
      return held ? new Action.Release() : new Action.Nothing();
    }
    ByteSize missing = new ByteSize(reserve.bytes() - free).roundUp(Store.UNIT);
    ByteSize target = target(usage.total(), missing, room);
    if (target.compareTo(usage.total()) > 0) {
      return new Action.Grow(target);
    }
    if (held) {
      return free >= reserve.bytes() / AGAIN ? new Action.Release() : new Action.Nothing();
    }
    return free < reserve.bytes() / FULL ? new Action.Hold() : new Action.Warn();
  }

  /** So much more, as far as there is room and need, in whole units. */
  private ByteSize target(ByteSize now, ByteSize more, ByteSize room) {
    long unit = Store.UNIT.bytes();
    long possible = Math.min(more.bytes(), room.bytes()) / unit * unit;
    return new ByteSize(Math.max(now.bytes(), Math.min(most.bytes(), now.bytes() + possible)));
  }
}
