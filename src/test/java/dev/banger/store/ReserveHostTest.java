package dev.banger.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.model.VmId;
import dev.banger.proof.SmallDisk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The database on a disk that is full. */
class ReserveHostTest {
  private static final Duration LIMIT = Duration.ofSeconds(10);
  private static final int MEBIBYTES = 20;
  private static final int ENDS = Integer.getInteger("banger.reserve.ends", 200);
  private static final VmId ID = new VmId("0123456789ab");

  private static Path file(SmallDisk disk) throws IOException {
    return disk.home().resolve("banger.db");
  }

  private static long reserved(SmallDisk disk) throws IOException {
    Path reserve = Reserve.file(file(disk));
    return Files.exists(reserve) ? Files.size(reserve) : 0;
  }

  private static void awaitReserve(SmallDisk disk) {
    await().atMost(LIMIT).until(() -> reserved(disk), size -> size == Reserve.SIZE);
  }

  private static void requireFull(BangerException e) {
    assertThat(e.code()).as("%s: %s", e.getMessage(), e.reason()).isEqualTo(ErrorCode.NO_SPACE);
  }

  /** As long as the log has room of its own, begins are taken too. */
  private static int beginUntilRefused(VmTable vms) {
    for (int i = 0; i < 1_000; i++) {
      try {
        long _ = vms.next("uid");
      } catch (BangerException e) {
        requireFull(e);
        return i;
      }
    }
    throw new AssertionError("a full disk takes everything");
  }

  private static EventRow event(int number) {
    return new EventRow(
        0,
        Instant.ofEpochMilli(number),
        ID,
        "web",
        "state",
        "running",
        "stopped",
        "a reason that is as long as most reasons of an end are",
        "");
  }

  /** How many ends a full disk takes, at most so many. */
  private static int endUntilRefused(VmTable vms, int most, SmallDisk disk, boolean others)
      throws Exception {
    for (int i = 0; i < most; i++) {
      try {
        assertThat(vms.update(ID, row -> row, List.of(event(i)))).isPresent();
      } catch (BangerException e) {
        requireFull(e);
        return i;
      }
      if (others) {
        disk.fillTo(0);
      }
    }
    return most;
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aFullDiskRefusesWhatBeginsAndTakesWhatEnds(boolean othersTakeWhatIsLeftOfAPiece)
      throws Exception {
    try (SmallDisk disk = SmallDisk.of(MEBIBYTES);
        Database database = Database.open(file(disk))) {
      VmTable vms = new VmTable(database);
      assertThat(vms.insert(DatabaseTest.row(ID.value(), "web", 1))).isTrue();
      awaitReserve(disk);
      disk.fillTo(0);
      int _ = beginUntilRefused(vms);
      assertThat(reserved(disk)).as("what is begun takes none of it").isEqualTo(Reserve.SIZE);
      int taken = endUntilRefused(vms, ENDS, disk, othersTakeWhatIsLeftOfAPiece);
      System.err.printf(
          "ends on a full disk: %d (others write: %b), %d bytes of the reserve are left%n",
          taken, othersTakeWhatIsLeftOfAPiece, reserved(disk));
      assertThat(taken).isEqualTo(ENDS);
      disk.empty();
      awaitReserve(disk);
      vms.delete(ID);
      assertThat(vms.insert(DatabaseTest.row(ID.value(), "web", 1))).isTrue();
    }
  }

  @Test
  void withoutAReserveAFullDiskChangesNothingAndSaysSo() throws Exception {
    try (SmallDisk disk = SmallDisk.of(MEBIBYTES);
        Database database = Database.open(file(disk))) {
      VmTable vms = new VmTable(database);
      assertThat(vms.insert(DatabaseTest.row(ID.value(), "web", 1))).isTrue();
      awaitReserve(disk);
      disk.fillTo(0);
      disk.eat(Reserve.file(file(disk)));
      String large = "x".repeat(8 << 20);
      assertThatThrownBy(() ->
              vms.note(List.of(new EventRow(0, Instant.EPOCH, ID, "web", large, "", "", "", ""))))
          .isInstanceOfSatisfying(BangerException.class, ReserveHostTest::requireFull);
      assertThat(vms.all()).hasSize(1);
      disk.empty();
      vms.note(List.of(event(1)));
      awaitReserve(disk);
    }
  }

  @Test
  void aDatabaseIsOpenedOnAFullDisk() throws Exception {
    try (SmallDisk disk = SmallDisk.of(MEBIBYTES)) {
      try (Database database = Database.open(file(disk))) {
        assertThat(new VmTable(database).insert(DatabaseTest.row(ID.value(), "web", 1))).isTrue();
        awaitReserve(disk);
      }
      disk.fillTo(0);
      try (Database database = Database.open(file(disk))) {
        VmTable vms = new VmTable(database);
        assertThat(vms.all()).hasSize(1);
        vms.delete(ID);
        assertThat(vms.all()).isEmpty();
      }
    }
  }
}
