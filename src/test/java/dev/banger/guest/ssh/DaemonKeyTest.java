package dev.banger.guest.ssh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Judged by ssh-keygen. */
class DaemonKeyTest {
  @TempDir Path home;

  private DaemonKey key() {
    return new DaemonKey(home.resolve("ssh"));
  }

  private Path file() {
    return home.resolve("ssh/id_ed25519");
  }

  private Path publicFile() {
    return home.resolve("ssh/id_ed25519.pub");
  }

  private static String run(String... command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    return output;
  }

  private static List<String> names(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.map(f -> f.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void opensshReadsTheKeyThatWasMade() throws Exception {
    DaemonKey key = key();
    assertThat(run("ssh-keygen", "-y", "-f", file(key)).strip()).isEqualTo(key.line());
    assertThat(run("ssh-keygen", "-lf", file(key)))
        .isEqualTo("256 " + key.fingerprint() + " banger (ED25519)\n");
    assertThat(Files.readString(publicFile())).isEqualTo(key.line() + "\n");
    Path signed = Files.writeString(home.resolve("text"), "text");
    run("ssh-keygen", "-q", "-Y", "sign", "-n", "test", "-f", file(key), signed.toString());
    Path allowed = Files.writeString(home.resolve("allowed"), "us " + key.line() + "\n");
    String verify =
        "ssh-keygen -Y verify -n test -I us -f '%s' -s '%s.sig' < '%s'"
            .formatted(allowed, signed, signed);
    assertThat(run("sh", "-c", verify)).contains("Good");
  }

  private static String file(DaemonKey key) throws BangerException {
    String _ = key.line();
    return key.file().toString();
  }

  @Test
  void nobodyElseMayReadItAndNothingIsLeftBeside() throws Exception {
    String _ = key().line();
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file())))
        .isEqualTo("rw-------");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(home.resolve("ssh"))))
        .isEqualTo("rwx------");
    assertThat(names(home.resolve("ssh"))).containsExactly("id_ed25519", "id_ed25519.pub");
  }

  @Test
  void itStaysTheSame() throws Exception {
    String line = key().line();
    assertThat(key().line()).isEqualTo(line);
    assertThat(key().fingerprint()).isEqualTo(key().fingerprint());
  }

  @Test
  void manyAtOnceGetTheSame() throws Exception {
    DaemonKey key = key();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Callable<String>> askers =
          IntStream.range(0, 8).<Callable<String>>mapToObj(_ -> key::line).toList();
      Set<String> lines =
          threads.invokeAll(askers).stream().map(Future::resultNow).collect(Collectors.toSet());
      assertThat(lines).hasSize(1);
    }
  }

  @Test
  void whatADaemonThatDiedLeftIsMadeWhole() throws Exception {
    Files.createDirectories(home.resolve("ssh"));
    Files.writeString(home.resolve("ssh/.new-1"), "half");
    String line = key().line();
    assertThat(names(home.resolve("ssh"))).containsExactly("id_ed25519", "id_ed25519.pub");
    Files.delete(publicFile());
    assertThat(key().line()).isEqualTo(line);
    assertThat(publicFile()).hasContent(line);
  }

  @Test
  void oneThatTheUserMadeIsTaken() throws Exception {
    Files.createDirectories(home.resolve("ssh"));
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "a b", "-f", file().toString());
    assertThat(run("ssh-keygen", "-lf", file().toString())).contains(key().fingerprint());
  }

  @Test
  void aDamagedOneIsToldAndStaysAsItIs() throws Exception {
    String _ = key().line();
    String good = Files.readString(file());
    String half = good.substring(0, good.length() / 2);
    for (String damaged :
        List.of("", "no key\n", half, good.replace("b3BlbnNzaC1r", "AAAAAAAAAAAA"))) {
      Files.writeString(file(), damaged);
      refused("put it back");
      assertThat(Files.readString(file())).isEqualTo(damaged);
    }
    Files.delete(file());
    refused("remove it");
    assertThat(file()).doesNotExist();
  }

  @Test
  void whatOthersMayReadOrDoesNotBelongTogetherIsRefused() throws Exception {
    String _ = key().line();
    Files.setPosixFilePermissions(file(), PosixFilePermissions.fromString("rw-r--r--"));
    refused("0600");
    Files.setPosixFilePermissions(file(), PosixFilePermissions.fromString("rw-------"));
    String other = new DaemonKey(home.resolve("other")).line();
    Files.writeString(publicFile(), other);
    refused("put it back");
    Files.delete(publicFile());
    run("ssh-keygen", "-q", "-p", "-N", "secret", "-f", file().toString());
    refused("put it back");
  }

  private void refused(String hint) {
    assertThatThrownBy(() -> key().line())
        .isInstanceOfSatisfying(
            BangerException.class,
            e -> {
              assertThat(e.code()).isEqualTo(ErrorCode.CORRUPT);
              assertThat(e.getMessage()).contains(file().toString());
              assertThat(e.hint()).contains(hint);
            });
  }
}
