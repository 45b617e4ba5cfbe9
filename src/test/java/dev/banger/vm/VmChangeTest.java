package dev.banger.vm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.RestartPolicy;
import dev.banger.model.VmId;
import dev.banger.model.VmName;
import dev.banger.net.NetworkWish;
import dev.banger.store.VmRow;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class VmChangeTest {
  private static final Instant NOW = Instant.ofEpochSecond(1_000_000);
  private static final VmRow ROW =
      new VmRow(
          new VmId("0123456789ab"),
          new VmName("web"),
          VmRow.Life.begun(NOW),
          new VmRow.Source("debian:bookworm", "image", "kernel"),
          new VmRow.Shape(1, ByteSize.mib(512), ByteSize.gib(10)),
          VmRow.Policy.NONE,
          VmRow.Restarts.NONE,
          "auto",
          false,
          List.of(),
          "me",
          1,
          Map.of("a", "1", "b", "2"));
  private static final VmChange NOTHING =
      new VmChange(
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Map.of(),
          Set.of(),
          Optional.empty(),
          Optional.empty(),
          NetworkWish.NONE);

  private static VmChange shape(int cpus, ByteSize memory, ByteSize disk) {
    return new VmChange(
        Optional.of(cpus),
        Optional.of(memory),
        Optional.of(disk),
        Optional.empty(),
        Map.of("c", "3"),
        Set.of("a"),
        Optional.empty(),
        Optional.empty(),
        NetworkWish.NONE);
  }

  private static VmChange times(Duration ttl, Duration idleStop) {
    return new VmChange(
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.of(RestartPolicy.ALWAYS),
        Map.of(),
        Set.of(),
        Optional.of(ttl),
        Optional.of(idleStop),
        NetworkWish.NONE);
  }

  @Test
  void whatIsNamedChangesAndTheRestStays() throws Exception {
    VmChange change = shape(2, ByteSize.gib(1), ByteSize.gib(20));
    change.check(ROW);
    VmRow after = change.apply(ROW, NOW);
    assertThat(after.shape()).isEqualTo(new VmRow.Shape(2, ByteSize.gib(1), ByteSize.gib(20)));
    assertThat(after.labels()).containsOnly(Map.entry("b", "2"), Map.entry("c", "3"));
    assertThat(after.policy()).isEqualTo(ROW.policy());
  }

  @Test
  void aLifetimeBeginsNowAndZeroTakesItAway() {
    VmRow mortal = times(Duration.ofHours(2), Duration.ofMinutes(5)).apply(ROW, NOW);
    assertThat(mortal.policy().expires()).contains(NOW.plus(Duration.ofHours(2)));
    assertThat(mortal.policy().idleStop()).contains(Duration.ofMinutes(5));
    VmRow immortal = times(Duration.ZERO, Duration.ZERO).apply(mortal, NOW);
    assertThat(immortal.policy().ttl()).isEmpty();
    assertThat(immortal.policy().expires()).isEmpty();
    assertThat(immortal.policy().idleStop()).isEmpty();
  }

  @Test
  void shrinkingIsRefusedWithItsNumbers() {
    assertThatThrownBy(() -> shape(2, ByteSize.gib(1), ByteSize.gib(9)).check(ROW))
        .isInstanceOf(BangerException.class)
        .hasMessageContaining("from 10G to 9G");
  }

  @Test
  void oneFieldThatCannotBeRefusesAll() {
    assertThatThrownBy(() -> shape(65, ByteSize.gib(1), ByteSize.gib(20)).check(ROW))
        .hasMessageContaining("65 CPUs");
    assertThatThrownBy(() -> shape(2, ByteSize.mib(1), ByteSize.gib(20)).check(ROW))
        .hasMessageContaining("1M of memory");
    assertThatThrownBy(() -> NOTHING.check(ROW)).hasMessageContaining("nothing");
  }
}
