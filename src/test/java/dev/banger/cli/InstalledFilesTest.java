package dev.banger.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.model.Directories;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InstalledFilesTest {
  @TempDir Path dir;

  /** What docs/state-dir.md names is what goes, and nothing else. */
  @Test
  void allThatIsKeptBelowTheDirectoriesIsKnown() throws Exception {
    Set<String> documented = new TreeSet<>();
    Matcher named =
        Pattern.compile("`(DATA|RUN|CACHE)/([\\w.-]+)")
            .matcher(Files.readString(Path.of("docs/state-dir.md")));
    while (named.find()) {
      documented.add(named.group(1) + "/" + named.group(2));
    }
    Set<String> known = new TreeSet<>();
    InstalledFiles.DATA.keySet().forEach(name -> known.add("DATA/" + name));
    InstalledFiles.RUNTIME.forEach(name -> known.add("RUN/" + name));
    InstalledFiles.CACHE.forEach(name -> known.add("CACHE/" + name));
    documented.remove("DATA/banger.db.N.backup"); // a number stands there
    known.removeAll(Set.of("DATA/banger.db-wal", "DATA/banger.db-shm")); // named as -wal, -shm
    assertThat(known).isEqualTo(documented);
  }

  @Test
  void whatIsNotOursStaysAndSymlinksAreNotFollowed() throws Exception {
    Path home = dir.resolve("home");
    Path elsewhere = Files.createDirectories(dir.resolve("elsewhere"));
    Files.writeString(elsewhere.resolve("precious"), "kept");
    Files.createDirectories(home.resolve("run/vm/0123456789ab"));
    Files.writeString(home.resolve("banger.db"), "");
    Files.writeString(home.resolve("banger.db.3.backup"), "");
    Files.createDirectories(home.resolve("vms/0123456789ab"));
    Files.createSymbolicLink(home.resolve("images"), elsewhere);
    Files.writeString(home.resolve("letter.txt"), "dear");
    InstalledFiles files = new InstalledFiles(Directories.of(Map.of(), home, false));

    assertThat(files.remove(false)).containsExactly(home.resolve("run/vm").toString());
    assertThat(home.resolve("run")).doesNotExist();
    assertThat(files.kept())
        .contains(home.resolve("images") + " (images)", home.resolve("vms") + " (VMs' disks)");

    assertThat(files.remove(true)).hasSize(4);
    assertThat(files.failures()).isEmpty();
    assertThat(elsewhere.resolve("precious")).hasContent("kept");
    try (var left = Files.list(home)) {
      assertThat(left).containsExactly(home.resolve("letter.txt"));
    }
    assertThat(files.isThere()).isFalse();

    Files.delete(home.resolve("letter.txt"));
    Files.writeString(home.resolve("banger.db"), "");
    assertThat(files.remove(true)).hasSize(1);
    assertThat(home).doesNotExist();
  }
}
