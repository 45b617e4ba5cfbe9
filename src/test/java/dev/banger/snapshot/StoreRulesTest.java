package dev.banger.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.model.ByteSize;
import dev.banger.snapshot.StoreRules.Action;
import org.junit.jupiter.api.Test;

/** A reserve of 64M, and a disk that can need 1G. */
class StoreRulesTest {
  private static final ByteSize MUCH = ByteSize.gib(10);
  private static final ByteSize NONE = new ByteSize(0);
  private final StoreRules rules = new StoreRules(ByteSize.mib(64), ByteSize.gib(1));

  private Action with(long used, long total, ByteSize room, boolean held) {
    StoreUsage usage =
        new StoreUsage(StoreUsage.State.WHOLE, ByteSize.mib(used), ByteSize.mib(total));
    return rules.decide(usage, usage.total(), room, held);
  }

  private Action overflown(long size, ByteSize room, boolean held) {
    StoreUsage usage = new StoreUsage(StoreUsage.State.OVERFLOWN, NONE, NONE);
    return rules.decide(usage, ByteSize.mib(size), room, held);
  }

  @Test
  void aStoreWithEnoughFreeIsLeftAlone() {
    assertThat(with(32, 64, MUCH, false)).isEqualTo(new Action.Nothing());
  }

  @Test
  void itGrowsToItsWholeReserveWhenHalfOfThatIsUsed() {
    assertThat(with(33, 64, MUCH, false)).isEqualTo(new Action.Grow(ByteSize.mib(97)));
  }

  @Test
  void itTakesWhatTheHostHas() {
    assertThat(with(60, 64, ByteSize.mib(5), false)).isEqualTo(new Action.Grow(ByteSize.mib(69)));
    assertThat(with(60, 64, ByteSize.kib(900), false)).isEqualTo(new Action.Hold());
  }

  @Test
  void itNeverGrowsBeyondWhatItsDiskCanNeed() {
    assertThat(with(1010, 1020, MUCH, false)).isEqualTo(new Action.Grow(ByteSize.gib(1)));
    assertThat(with(1024, 1024, NONE, false)).isEqualTo(new Action.Nothing());
    assertThat(with(1024, 1024, NONE, true)).isEqualTo(new Action.Release());
  }

  @Test
  void withoutRoomThereIsAWordFirstAndThenAPause() {
    assertThat(with(40, 64, NONE, false)).isEqualTo(new Action.Warn());
    assertThat(with(57, 64, NONE, false)).isEqualTo(new Action.Hold());
  }

  @Test
  void aGuestThatIsHeldGoesOnWhenThereIsRoomAndNotBefore() {
    assertThat(with(57, 64, NONE, true)).isEqualTo(new Action.Nothing());
    assertThat(with(57, 64, ByteSize.mib(2), true)).isEqualTo(new Action.Grow(ByteSize.mib(66)));
    assertThat(with(57, 66, NONE, true)).isEqualTo(new Action.Nothing());
    assertThat(with(57, 74, NONE, true)).isEqualTo(new Action.Release());
    assertThat(with(57, 121, MUCH, true)).isEqualTo(new Action.Release());
  }

  @Test
  void anOverflownStoreIsReadAnewWhenItCanGrow() {
    assertThat(overflown(64, MUCH, false)).isEqualTo(new Action.Revive(ByteSize.mib(128)));
    assertThat(overflown(64, ByteSize.mib(3), false)).isEqualTo(new Action.Hold());
    assertThat(overflown(64, ByteSize.mib(3), true)).isEqualTo(new Action.Nothing());
  }

  @Test
  void whatADaemonLeftInTheMiddleIsReadAnewWithoutRoomToo() {
    StoreUsage away = new StoreUsage(StoreUsage.State.AWAY, NONE, NONE);
    assertThat(rules.decide(away, ByteSize.mib(64), NONE, false))
        .isEqualTo(new Action.Revive(ByteSize.mib(64)));
  }

  @Test
  void aLostDiskIsSaidToBeLost() {
    StoreUsage lost = new StoreUsage(StoreUsage.State.INVALID, NONE, NONE);
    assertThat(rules.decide(lost, ByteSize.mib(64), MUCH, false)).isEqualTo(new Action.Lost());
  }
}
