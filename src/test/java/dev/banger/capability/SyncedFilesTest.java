package dev.banger.capability;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.config.Config;
import dev.banger.guest.GuestConfiguration.SyncedFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SyncedFilesTest {
  private static final int OWNER_ONLY = 0600;
  @TempDir private Path dir;

  private Path file(String name, int size, String permissions) throws Exception {
    Path file = Files.write(dir.resolve(name), new byte[size]);
    return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(permissions));
  }

  private static List<SyncedFile> read(Path... from) throws Exception {
    return SyncedFiles.read(
        List.of(from).stream().map(f -> new Config.Synced(f, "to", OWNER_ONLY)).toList());
  }

  @Test
  void whatEverybodyMayReadIsRefusedWithTheCure() throws Exception {
    Path open = file("token", 1, "rw-r--r--");
    assertThatThrownBy(() -> read(open))
        .hasMessageContaining("cannot sync " + open)
        .extracting("hint")
        .asString()
        .contains("chmod o= " + open);
    assertThat(read(file("token", 1, "rw-r-----"))).hasSize(1);
  }

  @Test
  void whatIsTooLargeOrNoFileIsRefused() throws Exception {
    assertThat(read(file("most", 256 << 10, "rw-------"))).hasSize(1);
    Path large = file("large", (256 << 10) + 1, "rw-------");
    assertThatThrownBy(() -> read(large)).hasMessageContaining("256 KiB");
    assertThatThrownBy(() -> read(dir)).hasMessageContaining("no file");
    Path half = file("half", 256 << 10, "rw-------");
    assertThatThrownBy(() ->
            read(half, half, half, half, half, half, half, half, large.resolveSibling("most")))
        .hasMessageContaining("2 MiB");
  }

  @Test
  void whatIsNotThereIsLeftOutAndASymlinkIsFollowed() throws Exception {
    Path link = Files.createSymbolicLink(dir.resolve("link"), file("real", 3, "rw-------"));
    assertThat(read(dir.resolve("none"), link))
        .extracting(f -> f.content().remaining())
        .containsExactly(3);
  }

  @Test
  void gitReadsTheIdentityAsItWasMeant() throws Exception {
    String name = "O\"Neil \\ #1";
    String key = "ssh-ed25519 AAAAC3Nz jo@host";
    SyncedFile file = SyncedFiles.git(new Config.Git(name, "a@b.example", key)).orElseThrow();
    Path written = Files.writeString(dir.resolve("gitconfig"), UTF_8.decode(file.content()));
    assertThat(git(written, "user.name")).isEqualTo(name);
    assertThat(git(written, "user.email")).isEqualTo("a@b.example");
    assertThat(git(written, "user.signingkey")).isEqualTo("key::" + key);
    assertThat(git(written, "gpg.format")).isEqualTo("ssh");
    assertThat(git(written, "commit.gpgsign")).isEqualTo("true");
    assertThat(SyncedFiles.git(Config.Authorization.NONE.git())).isEmpty();
  }

  private static String git(Path file, String key) throws Exception {
    Process git = new ProcessBuilder("git", "config", "-f", file.toString(), key).start();
    String value = new String(git.getInputStream().readAllBytes(), UTF_8).strip();
    assertThat(git.waitFor()).isZero();
    return value;
  }

  @Test
  void whatIsInAFileIsNotInItsDescription() throws Exception {
    assertThat(
            read(Files.setPosixFilePermissions(
                    Files.writeString(dir.resolve("s"), "hunter2"),
                    PosixFilePermissions.fromString("rw-------")))
                .toString())
        .isEqualTo("[to]");
  }
}
