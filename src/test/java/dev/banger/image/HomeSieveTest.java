package dev.banger.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.image.layer.Sieve.Fate;
import org.junit.jupiter.api.Test;

class HomeSieveTest {
  private final HomeSieve home = new HomeSieve();

  @Test
  void noKeyAndNothingOfBangersIsKept() {
    for (String path :
        new String[] {
          ".ssh/authorized_keys",
          ".ssh/authorized_keys2",
          ".banger",
          ".banger/docker/x",
          "lost+found"
        }) {
      assertThat(home.fate(path)).as(path).isEqualTo(Fate.LEFT_OUT);
    }
    for (String path :
        new String[] {".ssh", ".ssh/config", ".bashrc", ".bangers", "work/.ssh/authorized_keys"}) {
      assertThat(home.fate(path)).as(path).isEqualTo(Fate.KEPT);
    }
  }
}
