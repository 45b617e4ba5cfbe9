package dev.banger.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.config.NetworkSettings.User;
import dev.banger.model.BangerException;
import dev.banger.proc.Binaries;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UserLinkTest {
  @TempDir Path dir;

  private Binaries passt(String says) throws Exception {
    Path program = Files.writeString(dir.resolve("passt"), "#!/bin/sh\necho '" + says + "'\n");
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
    return new Binaries(Map.of("passt", program), List.of(), "");
  }

  @Test
  void aPasstThatKeepsGuestsOffTheLoopbackIsTaken() throws Exception {
    for (String version : List.of("passt 2024_06_07.8a83b53", "passt 0.0~git20250503.587980c-2")) {
      assertThat(UserLink.choose(User.AUTO, passt(version)))
          .isInstanceOfSatisfying(
              UserLink.Passt.class, passt -> assertThat(passt.keepsLoopback()).isTrue());
    }
  }

  @Test
  void anOlderOneIsTakenOnlyWhenItIsAskedFor() throws Exception {
    for (String version : List.of("passt unknown version", "passt 0.0~git20240220.1e6f92b-1")) {
      UserLink unasked = UserLink.choose(User.AUTO, passt(version));
      assertThat(unasked).isInstanceOf(UserLink.Vmm.class);
      assertThat(unasked.why()).contains("lets guests reach the loopback");
      UserLink asked = UserLink.choose(User.PASST, passt(version));
      assertThat(asked).isInstanceOf(UserLink.Passt.class);
      assertThat(asked.keepsLoopback()).isFalse();
    }
    assertThat(UserLink.choose(User.QEMU, passt("passt 2024_06_07.8a83b53")))
        .isInstanceOf(UserLink.Vmm.class);
  }

  @Test
  void oneThatIsAskedForAndMissingIsAnError() {
    Binaries none = new Binaries(Map.of("passt", dir.resolve("none")), List.of(), "");
    assertThatThrownBy(() -> UserLink.choose(User.PASST, none))
        .isInstanceOf(BangerException.class)
        .hasMessageContaining("passt");
  }
}
