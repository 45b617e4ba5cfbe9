package dev.banger.vmm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.proc.ShimRecords;
import dev.banger.vmm.VmmExit.Reason;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class EvidenceTest {
  private static final Instant TIME = Instant.ofEpochSecond(1_800_000_000);
  private static final Instant FOUND = TIME.plusSeconds(60);
  private static final Optional<ShimRecords.Ended> ZERO = status(0);

  @TempDir private Path directory;

  private static Optional<ShimRecords.Ended> status(int number) {
    return Optional.of(new ShimRecords.Ended(false, number, TIME));
  }

  private static VmmExit judge(
      Optional<ShimRecords.Ended> record, Optional<Reason> said, String... console) {
    return new Evidence(record, said, List.of(console), List.of("last words"), true).judge(FOUND);
  }

  @Test
  void theVmmsWordCountsMoreThanTheConsole() {
    assertThat(judge(ZERO, Optional.of(Reason.QUIT), "banger-agent: goodbye reboot"))
        .isEqualTo(new VmmExit(Reason.QUIT, "", TIME));
  }

  @Test
  void aRebootAfterAPanicIsAPanic() {
    assertThat(
            judge(
                ZERO,
                Optional.of(Reason.GUEST_REBOOTED),
                "[ 1.0] Kernel panic - not syncing: no init",
                "[ 1.1] Rebooting"))
        .hasToString("the guest's kernel panicked: Kernel panic - not syncing: no init");
    assertThat(judge(ZERO, Optional.of(Reason.GUEST_REBOOTED)).reason())
        .isEqualTo(Reason.GUEST_REBOOTED);
  }

  @Test
  void withoutAWordTheLastLineThatMeansSomethingDecides() {
    assertThat(judge(ZERO, Optional.empty(), "reboot: Power down").reason())
        .isEqualTo(Reason.GUEST_POWERED_OFF);
    assertThat(judge(ZERO, Optional.empty(), "reboot: Restarting system", "noise").reason())
        .isEqualTo(Reason.GUEST_REBOOTED);
    assertThat(judge(ZERO, Optional.empty(), "login:"))
        .isEqualTo(new VmmExit(Reason.CRASHED, "with status 0 and no word why: last words", TIME));
  }

  @Test
  void anAgentThatGaveUpSaysWhy() {
    assertThat(
            judge(
                ZERO,
                Optional.of(Reason.GUEST_POWERED_OFF),
                "banger-agent: fatal: no channel",
                "banger-agent: goodbye poweroff"))
        .hasToString("the guest powered off: banger-agent: fatal: no channel");
  }

  @Test
  void statusAndSignalComeWithTheVmmsLastWords() {
    assertThat(judge(status(1), Optional.empty()))
        .hasToString("the VMM failed: with status 1: last words");
    assertThat(judge(Optional.of(new ShimRecords.Ended(true, 31, TIME)), Optional.empty()))
        .hasToString("the VMM failed: by signal 31: last words");
    assertThat(judge(Optional.of(new ShimRecords.Ended(true, 9, TIME)), Optional.empty()).reason())
        .isEqualTo(Reason.KILLED);
  }

  @Test
  void withoutARecordTheShimWasKilledOrTheHostRestarted() {
    assertThat(judge(Optional.empty(), Optional.empty()))
        .isEqualTo(new VmmExit(Reason.CRASHED, "with its shim, which left no record", FOUND));
    assertThat(
            new Evidence(Optional.empty(), Optional.empty(), List.of(), List.of(), false)
                .judge(FOUND)
                .reason())
        .isEqualTo(Reason.HOST_RESTARTED);
  }

  @Test
  void theTailOfALogGoesOnInItsOlderPartAndHoldsNoEscapes() throws Exception {
    Path log = directory.resolve("console.log");
    assertThat(LogTail.lines(log, 5)).isEmpty();
    Files.writeString(directory.resolve("console.log.1"), "one\r\ntwo\n\n");
    Files.writeString(log, "\u001b[31mthree\u001b[0m\nfo\u0007ur");
    assertThat(LogTail.lines(log, 3)).containsExactly("two", "three", "four");
    Files.writeString(log, "x".repeat(100) + "\n" + "y\n".repeat(100_000));
    assertThat(LogTail.lines(log, 2)).containsExactly("y", "y");
  }
}
