package dev.banger.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LogRunTest {
  @TempDir Path dir;
  private Path log;

  @BeforeEach
  void write() throws Exception {
    log = dir.resolve("console.log");
    Files.writeString(dir.resolve("console.log.1"), "one\ntwo\n");
    Files.writeString(dir.resolve("console.log.1.times"), "run=7 begins=100\n100 1000\n104 2000\n");
    Files.writeString(log, "three\nfour");
    Files.writeString(dir.resolve("console.log.times"), "run=7 begins=108\n108 3000\ngarbled\n");
  }

  @Test
  void itsHalvesAreJoinedByTheirOffsets() throws Exception {
    LogRun run = LogRun.read(log);
    assertThat(run.name()).isEqualTo("7");
    assertThat(run.begins()).isEqualTo(100);
    assertThat(run.text(run.begins(), run.end())).isEqualTo("one\ntwo\nthree\nfour");
  }

  @Test
  void anOlderHalfThatIsNoOlderPartOfItIsLeftOut() throws Exception {
    Files.writeString(dir.resolve("console.log.1.times"), "run=6 begins=100\n");
    LogRun run = LogRun.read(log);
    assertThat(run.begins()).isEqualTo(108);
    assertThat(run.text(run.begins(), run.end())).isEqualTo("three\nfour");
  }

  @Test
  void aTimeLeadsToTheFirstLineWrittenSince() throws Exception {
    LogRun run = LogRun.read(log);
    assertThat(run.since(1500)).isEqualTo(104);
    assertThat(run.since(3000)).isEqualTo(108);
    assertThat(run.since(3001)).isEqualTo(run.end());
    assertThat(run.written(103)).isEqualTo(1000);
    assertThat(run.written(105)).isEqualTo(2000);
  }

  @Test
  void theLastLinesBeginWhereALineBegins() throws Exception {
    LogRun run = LogRun.read(log);
    assertThat(run.lastLines(1, run.begins())).isEqualTo(114);
    assertThat(run.lastLines(2, run.begins())).isEqualTo(108);
    assertThat(run.lastLines(99, run.begins())).isEqualTo(100);
    assertThat(run.lastLines(99, 104)).isEqualTo(104);
  }

  @Test
  void aCharacterThatIsNotWholeYetIsLeftForLater() throws Exception {
    Files.write(log, new byte[] {'a', (byte) 0xE2, (byte) 0x82});
    assertThat(LogRun.read(log).wholeEnd()).isEqualTo(109);
    Files.write(log, new byte[] {'a', (byte) 0xE2, (byte) 0x82, (byte) 0xAC});
    assertThat(LogRun.read(log).wholeEnd()).isEqualTo(112);
  }
}
