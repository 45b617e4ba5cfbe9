package dev.banger.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.VmId;
import dev.banger.model.VmName;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProgramTableTest {
  private static final VmId WEB = new VmId("0123456789ab");

  @TempDir Path dir;

  @Test
  void aProgramIsKeptWordByWordAndGoesWithItsVm() throws Exception {
    ProgramRow odd =
        new ProgramRow(List.of("sh", "-c", "", "a b\nc\u001ed", "\u00e9"), "/srv", "www");
    try (Database database = Database.open(dir.resolve("banger.db"))) {
      VmTable vms = new VmTable(database);
      ProgramTable programs = new ProgramTable(database);
      assertThatThrownBy(() -> programs.insert(WEB, odd)).isInstanceOf(BangerException.class);
      assertThat(
              vms.insert(
                  new VmRow(
                      WEB,
                      new VmName("web"),
                      VmRow.Life.begun(Instant.ofEpochMilli(1_000)),
                      new VmRow.Source("debian:bookworm", "", ""),
                      new VmRow.Shape(1, ByteSize.mib(512), ByteSize.gib(10)),
                      VmRow.Policy.NONE,
                      VmRow.Restarts.NONE,
                      "auto",
                      false,
                      List.of(),
                      "root",
                      1,
                      Map.of())))
          .isTrue();
      assertThat(programs.of(WEB)).isEmpty();
      programs.insert(WEB, odd);
      assertThat(programs.of(WEB)).contains(odd);
      vms.delete(WEB);
      assertThat(programs.of(WEB)).isEmpty();
    }
  }
}
