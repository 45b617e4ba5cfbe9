package dev.banger.doctor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.model.BangerException;
import dev.banger.model.Directories;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SshIncludeTest {
  private static final byte[] OTHERS =
      "Host \u00e9 \u0000x\r\n\tUser y".getBytes(StandardCharsets.ISO_8859_1);

  @TempDir private Path home;
  private Path file;
  private Path config;
  private SshInclude include;

  @BeforeEach
  void open() {
    file = home.resolve(".ssh/config");
    config = home.resolve("data/ssh/config");
    include =
        SshInclude.of(
            Map.of("HOME", home.toString()), Directories.of(Map.of(), home.resolve("data"), false));
  }

  @Test
  void whatOthersWroteStaysByteForByte() throws Exception {
    Files.createDirectories(file.getParent());
    Files.write(file, OTHERS);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-----"));
    assertThat(include.install(config)).isTrue();
    assertThat(include.install(config)).isFalse();
    assertThat(Files.readString(file, StandardCharsets.ISO_8859_1))
        .isEqualTo(include.block(config) + new String(OTHERS, StandardCharsets.ISO_8859_1));
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-r-----");
    assertThat(include.remove()).isTrue();
    assertThat(include.remove()).isFalse();
    assertThat(Files.readAllBytes(file)).isEqualTo(OTHERS);
  }

  @Test
  void aFileThatHeldNothingElseIsMadePrivateAndGoes() throws Exception {
    assertThat(include.remove()).isFalse();
    include.install(config);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    assertThat(include.isInstalled()).isTrue();
    include.remove();
    assertThat(file).doesNotExist();
  }

  @Test
  void aBlockWithoutItsEndIsLeftAsItIs() throws Exception {
    include.install(config);
    String text = Files.readString(file).replace("# end", "# and");
    Files.writeString(file, text);
    assertThatThrownBy(() -> include.remove()).isInstanceOf(BangerException.class);
    assertThat(file).hasContent(text);
  }

  @Test
  void whatASymlinkLeadsToIsChangedAndTheLinkStays() throws Exception {
    Path real = Files.write(home.resolve("dotfile"), OTHERS);
    Files.createDirectories(file.getParent());
    Files.createSymbolicLink(file, real);
    include.install(config);
    assertThat(file).isSymbolicLink();
    include.remove();
    assertThat(real).hasBinaryContent(OTHERS);
  }
}
