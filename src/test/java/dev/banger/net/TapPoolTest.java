package dev.banger.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.banger.model.BangerException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Tap devices that nobody needs any more. */
class TapPoolTest {
  private static final int KEPT = 64;
  private static final Duration LIMIT = Duration.ofSeconds(20);

  private final FakeNetwork host = new FakeNetwork("eth0");

  private TapPool pool() {
    return new TapPool(host, "banger0", "bgt0-", 1);
  }

  /** Taps that VMs have. */
  private static List<String> taken(TapPool pool, int count) throws BangerException {
    List<String> taps = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      taps.add(pool.take(0));
    }
    return taps;
  }

  private static void give(TapPool pool, List<String> taps) throws BangerException {
    for (String tap : taps) {
      pool.give(tap);
    }
  }

  private Set<String> removed() {
    Set<String> all = new HashSet<>();
    host.removals.forEach(all::addAll);
    return all;
  }

  @Test
  void thoseThatNobodyNeedsGoTogetherAndTheOthersWait() throws Exception {
    TapPool pool = pool();
    give(pool, taken(pool, 3 * KEPT));
    await().atMost(LIMIT).until(() -> host.taps("bgt0-").size() <= KEPT + 1);
    assertThat(host.removals.size()).isLessThan(KEPT);
    assertThat(host.removals).allSatisfy(some -> assertThat(some).hasSizeLessThanOrEqualTo(KEPT));
    assertThat(host.taps("bgt0-"))
        .hasSizeGreaterThanOrEqualTo(KEPT)
        .doesNotContainAnyElementsOf(removed());
    assertThat(pool.close()).containsExactlyInAnyOrderElementsOf(host.taps("bgt0-"));
  }

  @Test
  void oneThatCannotGoWithTheOthersHoldsNoneOfThem() throws Exception {
    TapPool pool = pool();
    host.refusesGroups = true;
    give(pool, taken(pool, KEPT + 20));
    await().atMost(LIMIT).until(() -> host.taps("bgt0-").size() <= KEPT + 1);
    assertThat(host.removals).isNotEmpty();
    pool.close();
  }

  @Test
  void aPoolThatEndsReturnsAlsoThoseThatWereToGo() throws Exception {
    TapPool pool = pool();
    give(pool, taken(pool, KEPT + 20));
    Set<String> left = pool.close();
    assertThat(left).containsAll(host.taps("bgt0-"));
    pool.give("bgt0-1");
    assertThat(host.taps("bgt0-")).doesNotContain("bgt0-1");
  }

  @Test
  void whatAKilledDaemonWasToRemoveIsTheNextOnes() throws Exception {
    TapPool killed = pool();
    List<String> taps = taken(killed, KEPT + 20);
    give(killed, taps.subList(1, taps.size())); // and dies before any of them went
    TapPool next = pool();
    next.adopt(Set.of(taps.getFirst()));
    await().atMost(LIMIT).until(() -> host.taps("bgt0-").size() <= KEPT + 3);
    assertThat(host.taps("bgt0-")).contains(taps.getFirst());
    assertThat(taken(next, 1)).doesNotContain(taps.getFirst());
    killed.close();
    next.close();
  }

  @Test
  void aTapThatAProgramHoldsIsNotHandedOutAgain() throws Exception {
    TapPool pool = pool();
    String tap = pool.take(0);
    host.link(tap).attached = true;
    pool.give(tap);
    await().atMost(LIMIT).until(() -> removed().contains(tap));
    assertThat(host.taps("bgt0-")).doesNotContain(tap);
    pool.close();
  }
}
