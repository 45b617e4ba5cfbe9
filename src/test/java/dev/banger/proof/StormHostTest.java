package dev.banger.proof;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/** Storms: a seed, what was done, and that nothing was lied about, lost or leaked. */
class StormHostTest {
  private static final long SEED = 20261123;

  private static void blow(TestDaemon daemon, StormSettings settings) throws Exception {
    Storm.Report report = new Storm(daemon.start(), settings).run();
    System.out.println(report.summary());
    assertThat(report.lies()).as("%s; leaks: %s", report.summary(), report.leaks()).isEmpty();
    assertThat(report.leaks()).as(report.summary()).isEmpty();
    assertThat(report.kills()).isEqualTo(settings.kills());
  }

  private static StormSettings settings(
      int clients, int owned, int contended, int seconds, int kills, boolean scripted) {
    return new StormSettings(
        StormSettings.seed(SEED),
        clients,
        owned,
        contended,
        Duration.ofSeconds(seconds),
        kills,
        scripted);
  }

  @Test
  void aShortStorm() throws Exception {
    try (TestDaemon daemon = TestDaemon.ofBridgedFakes()) {
      blow(daemon, settings(8, 12, 4, 25, 3, true));
    }
  }

  @Test
  void aShortStormOverRealGuests() throws Exception {
    try (TestDaemon daemon = TestDaemon.ofGuests()) {
      blow(daemon, settings(3, 4, 1, 40, 2, false));
    }
  }

  @Test
  @EnabledIfSystemProperty(named = "banger.test.long", matches = "true")
  void aLongStorm() throws Exception {
    try (TestDaemon daemon = TestDaemon.ofBridgedFakes()) {
      blow(daemon, settings(8, 15, 5, 180, 5, true));
    }
  }

  @Test
  @EnabledIfSystemProperty(named = "banger.test.long", matches = "true")
  void aLongStormOverRealGuests() throws Exception {
    try (TestDaemon daemon = TestDaemon.ofGuests()) {
      blow(daemon, settings(8, 15, 5, 180, 5, false));
    }
  }
}
