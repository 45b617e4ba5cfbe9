package dev.banger.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.model.Directories;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DoctorTest {
  @TempDir Path dir;

  private List<Finding> findings(String config) throws Exception {
    Files.writeString(dir.resolve("config.toml"), config);
    return Doctor.of(Directories.of(Map.of(), dir, false)).run();
  }

  @Test
  void aMissingProgramIsAnErrorWithItsCure() throws Exception {
    assertThat(findings("binaries.mke2fs = \"/nonexistent/mke2fs\"\n"))
        .filteredOn(f -> f.check().equals("mke2fs"))
        .singleElement()
        .satisfies(f -> {
          assertThat(f.level()).isEqualTo(Finding.Level.ERROR);
          assertThat(f.cure()).contains("e2fsprogs");
        });
  }

  @Test
  void everyFindingThatIsNotFineHasACure() throws Exception {
    assertThat(findings(""))
        .filteredOn(f -> f.level() != Finding.Level.OK)
        .allSatisfy(f -> assertThat(f.cure()).isNotEmpty());
  }

  @Test
  void aHomeTooDeepForSocketsIsAnError() throws Exception {
    Path deep = Files.createDirectory(dir.resolve("d".repeat(90)));
    assertThat(Doctor.of(Directories.of(Map.of(), deep, false)).run())
        .filteredOn(f -> f.check().equals("socket paths"))
        .singleElement()
        .satisfies(f -> assertThat(f.level()).isEqualTo(Finding.Level.ERROR));
  }
}
