package dev.banger.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

class DirectoriesTest {
  @Test
  void bangerHomeHoldsEverything() {
    Directories d = Directories.of(Map.of("BANGER_HOME", "/b", "XDG_DATA_HOME", "/x"), null, true);
    assertThat(d)
        .isEqualTo(
            new Directories(Path.of("/b"), Path.of("/b/run"), Path.of("/b/cache"), Path.of("/b")));
  }

  @Test
  void theOptionWinsOverTheEnvironment() {
    assertThat(Directories.of(Map.of("BANGER_HOME", "/b"), Path.of("/o"), true).data())
        .isEqualTo(Path.of("/o"));
  }

  @Test
  void xdgWinsOverTheSystemsPlacesForRootToo() {
    Directories d = Directories.of(Map.of("XDG_RUNTIME_DIR", "/r"), null, true);
    assertThat(d.run()).isEqualTo(Path.of("/r/banger"));
    assertThat(d.data()).isEqualTo(Path.of("/var/lib/banger"));
  }

  @Test
  void aUserGetsTheXdgDefaults() {
    Directories d =
        Directories.of(Map.of("HOME", "/home/u", "XDG_DATA_HOME", "relative"), null, false);
    assertThat(d.data()).isEqualTo(Path.of("/home/u/.local/share/banger"));
  }
}
