package dev.banger.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.model.BangerException;
import dev.banger.model.RestartPolicy;
import dev.banger.model.VmId;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VmTableTest {
  private static final VmId ID = new VmId("0123456789ab");

  @TempDir Path dir;
  private Database database;
  private VmTable vms;
  private EventTable events;

  @BeforeEach
  void open() throws BangerException {
    database = Database.open(dir.resolve("banger.db"));
    vms = new VmTable(database);
    events = new EventTable(database);
    assertThat(vms.insert(DatabaseTest.row(ID.value(), "web", 1))).isTrue();
  }

  @AfterEach
  void close() {
    database.close();
  }

  private static EventRow event(String kind) {
    return new EventRow(0, Instant.ofEpochMilli(5), ID, "web", kind, "a", "b", "why", "k=v");
  }

  @Test
  void everyFieldOfTheSupervisorIsReadAsItWasWritten() throws BangerException {
    VmRow.Policy policy =
        new VmRow.Policy(
            new RestartPolicy.OnFailure(3),
            Optional.of(Duration.ofHours(2)),
            Optional.of(Instant.ofEpochMilli(7_000)),
            Optional.of(Duration.ofMinutes(10)));
    VmRow.Restarts restarts =
        new VmRow.Restarts(
            2,
            Optional.of(Instant.ofEpochMilli(8_000)),
            Duration.ofMillis(400),
            Optional.of(Instant.ofEpochMilli(9_000)));
    VmRow written =
        vms.update(
                ID,
                row ->
                    row.withPolicy(policy)
                        .withRestarts(restarts)
                        .withLife(row.life().running(Instant.ofEpochMilli(6_000), "boot-1")))
            .orElseThrow();
    assertThat(vms.byId(ID)).contains(written);
    assertThat(written.policy()).isEqualTo(policy);
    assertThat(written.restarts()).isEqualTo(restarts);
    assertThat(written.life().bootId()).isEqualTo("boot-1");
  }

  @Test
  void aChangeThatFailsWritesNeitherRowNorEvent() throws BangerException {
    VmRow before = vms.byId(ID).orElseThrow();
    assertThatThrownBy(() ->
            vms.update(
                ID,
                row -> {
                  throw new IllegalStateException("no");
                },
                List.of(event("bad"))))
        .isInstanceOf(BangerException.class);
    assertThat(vms.byId(ID)).contains(before);
    assertThat(events.after(0, Optional.empty(), 10).events()).isEmpty();
  }

  @Test
  void aChangeOfNothingWritesNoEvent() throws BangerException {
    VmId nobody = new VmId("ba9876543210");
    assertThat(vms.update(nobody, row -> row, List.of(event("lost")))).isEmpty();
    vms.delete(nobody, List.of(event("lost")));
    assertThat(events.after(0, Optional.empty(), 10).events()).isEmpty();
  }

  @Test
  void cursorsGrowAndAreNeverUsedAgain() throws BangerException {
    vms.note(List.of(event("one")));
    vms.update(ID, row -> row, List.of(event("two")));
    vms.delete(ID, List.of(event("three")));
    assertThat(events.after(1, Optional.of(ID), 10).events())
        .extracting(EventRow::kind)
        .containsExactly("two", "three");
    assertThat(events.before(Instant.ofEpochMilli(5))).isZero();
    assertThat(events.before(Instant.ofEpochMilli(6))).isEqualTo(3);
    assertThat(events.window()).isEqualTo(new EventTable.Window(0, 3));
  }

  @Test
  void whatIsTooOldIsForgottenAndToldSo() throws BangerException {
    int many = EventTable.KEPT + 600;
    database.write(c -> {
      for (int i = 0; i < many; i++) {
        long _ = EventTable.insert(c, event("tick"));
      }
      return many;
    });
    EventTable.Window window = events.window();
    assertThat(window.newest()).isEqualTo(many);
    assertThat(window.pruned()).isEqualTo(500);
    assertThat(events.after(0, Optional.empty(), 1).events().getFirst().cursor()).isEqualTo(501);
  }

  @Test
  void aDatabaseOfTheFirstSchemaKeepsItsVms() throws Exception {
    Path old = dir.resolve("old.db");
    String script =
        new String(
            Database.class.getResourceAsStream("001-vms-and-operations.sql").readAllBytes(),
            StandardCharsets.UTF_8);
    try (var connection = DriverManager.getConnection("jdbc:sqlite:" + old);
        var statement = connection.createStatement()) {
      statement.executeUpdate(script);
      statement.executeUpdate(
          "INSERT INTO vm(id, name, state, cpus, memory, disk, init_mode, uid, created)"
              + " VALUES ('0123456789ab', 'web', 'stopped', 1, 1, 1, 'auto', 1, 1)");
      statement.executeUpdate("PRAGMA user_version = 1");
    }
    try (Database opened = Database.open(old)) {
      VmRow row = new VmTable(opened).byName("web").orElseThrow();
      assertThat(row.policy()).isEqualTo(VmRow.Policy.NONE);
      assertThat(row.restarts()).isEqualTo(VmRow.Restarts.NONE);
    }
    assertThat(dir.resolve("old.db.1.backup")).exists();
  }
}
