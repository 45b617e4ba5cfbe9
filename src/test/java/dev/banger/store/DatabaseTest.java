package dev.banger.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.ErrorCode;
import dev.banger.model.VmId;
import dev.banger.model.VmName;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DatabaseTest {
  @TempDir Path dir;

  static VmRow row(String id, String name, long uid) {
    return new VmRow(
        new VmId(id),
        new VmName(name),
        VmRow.Life.begun(Instant.ofEpochMilli(1_000)),
        new VmRow.Source("debian:bookworm", "", ""),
        new VmRow.Shape(1, ByteSize.mib(512), ByteSize.gib(10)),
        VmRow.Policy.NONE,
        VmRow.Restarts.NONE,
        "auto",
        false,
        List.of("A=1", "B=two\nlines"),
        "root",
        uid,
        Map.of("team", "a=b"));
  }

  @Test
  void whatIsWrittenIsReadAfterReopening() throws BangerException {
    VmRow row = row("0123456789ab", "web", 1);
    try (Database db = Database.open(dir.resolve("banger.db"))) {
      assertThat(new VmTable(db).insert(row)).isTrue();
    }
    try (Database db = Database.open(dir.resolve("banger.db"))) {
      assertThat(new VmTable(db).all()).containsExactly(row);
    }
  }

  @Test
  void aTakenNameInsertsNothing() throws BangerException {
    try (Database db = Database.open(dir.resolve("banger.db"))) {
      VmTable vms = new VmTable(db);
      assertThat(vms.insert(row("0123456789ab", "web", 1))).isTrue();
      assertThat(vms.insert(row("0123456789ac", "web", 2))).isFalse();
      assertThat(vms.all()).hasSize(1);
    }
  }

  @Test
  void countersNeverRepeat() throws BangerException {
    try (Database db = Database.open(dir.resolve("banger.db"))) {
      VmTable vms = new VmTable(db);
      assertThat(vms.next("uid")).isEqualTo(1);
      assertThat(vms.next("uid")).isEqualTo(2);
    }
  }

  @Test
  void aDamagedFileIsReportedAndLeftAsItWas() throws IOException {
    Path file = dir.resolve("banger.db");
    Files.writeString(file, "this is no database, whatever its name says");
    assertThatThrownBy(() -> Database.open(file))
        .isInstanceOfSatisfying(
            BangerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CORRUPT));
    assertThat(file).hasContent("this is no database, whatever its name says");
  }

  @Test
  void aLockOfAnotherProgramIsAnErrorUntilItIsReleased() throws Exception {
    Path file = dir.resolve("banger.db");
    try (Database db = Database.open(file)) {
      VmTable vms = new VmTable(db);
      try (Connection other = DriverManager.getConnection("jdbc:sqlite:" + file);
          Statement statement = other.createStatement()) {
        statement.execute("BEGIN IMMEDIATE");
        assertThatThrownBy(() -> vms.insert(row("0123456789ab", "web", 1)))
            .isInstanceOfSatisfying(
                BangerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.IN_USE));
        statement.execute("ROLLBACK");
      }
      assertThat(vms.all()).isEmpty();
      assertThat(vms.insert(row("0123456789ab", "web", 1))).isTrue();
    }
  }

  @Test
  void aDatabaseFromTheFutureIsRefused() throws Exception {
    Path file = dir.resolve("banger.db");
    try (Database db = Database.open(file)) {
      db.write(c -> {
        try (var s = c.createStatement()) {
          return s.executeUpdate("PRAGMA user_version = 99");
        }
      });
    }
    assertThatThrownBy(() -> Database.open(file))
        .isInstanceOfSatisfying(
            BangerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.VERSION_MISMATCH));
  }
}
