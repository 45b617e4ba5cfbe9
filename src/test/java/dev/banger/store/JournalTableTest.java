package dev.banger.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.journal.Entry;
import dev.banger.journal.Step;
import dev.banger.journal.StepKind;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JournalTableTest {
  private static final Step STEP = new Step(StepKind.GUEST_MEMORY, "web", List.of("/a b", "", "c"));
  private static final Instant NOW = Instant.ofEpochMilli(42);

  @TempDir Path directory;
  private Database database;
  private JournalTable table;

  @BeforeEach
  void open() throws Exception {
    database = Database.open(directory.resolve("banger.db"));
    table = new JournalTable(database);
  }

  @AfterEach
  void close() {
    database.close();
  }

  @Test
  void anEntryComesBackAsItWasWritten() throws Exception {
    long id = table.begin(STEP, "op", NOW);
    assertThat(table.all()).containsExactly(new Entry(id, STEP, "op", false, NOW, 0, ""));
    table.done(id);
    table.attribute(List.of(id), "other");
    table.failed(id, "why");
    table.failed(id, "why now");
    assertThat(table.all()).containsExactly(new Entry(id, STEP, "other", true, NOW, 2, "why now"));
    table.forget(List.of(id));
    assertThat(table.all()).isEmpty();
  }

  @Test
  void aNumberIsNeverUsedAgain() throws Exception {
    long first = table.begin(STEP, "", NOW);
    table.forget(List.of(first));
    assertThat(table.begin(STEP, "", NOW)).isGreaterThan(first);
  }

  /** What one start writes; the boot path has no millisecond to give away. */
  @Test
  void theStepsOfAStartCostLittle() throws Exception {
    long best = Long.MAX_VALUE;
    for (int round = 0; round < 50; round++) {
      long begin = System.nanoTime();
      long[] ids = new long[6];
      for (int i = 0; i < ids.length; i++) {
        ids[i] = table.begin(STEP, "0123456789abcdef", NOW);
        table.done(ids[i]);
      }
      table.forget(List.of(ids[0], ids[1], ids[2], ids[3], ids[4], ids[5]));
      best = Math.min(best, System.nanoTime() - begin);
    }
    System.err.printf("journal of one start, 6 steps: %d us%n", best / 1000);
    assertThat(best).isLessThan(20_000_000);
  }
}
