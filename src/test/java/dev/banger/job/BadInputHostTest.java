package dev.banger.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each mistake gets its own clear error, changes nothing and leaves nothing. */
class BadInputHostTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--image oci:/no/such:1  | /no/such:1    | INVALID",
        "--image localhost:1/a:1 | localhost:1/a | UNAVAILABLE",
        "--image Bad!Name        | Bad!Name      | INVALID",
        "--memory lots           | lots          | INVALID",
        "--memory 1M             | memory        | INVALID",
        "--disk 1K               | disk          | INVALID",
        "--cpus 1000             | 1000          | INVALID",
        "--kernel 9.9.9          | 9.9.9         | NOT_FOUND",
        "--init-mode magic       | magic         | INVALID",
        "--env =x                | =x            | INVALID",
      })
  void aBadWishMakesNoVm(String option, String named, String code) throws Exception {
    try (Host host = Host.open()) {
      String[] words = option.strip().split(" ", 2);
      Host.Result result = host.banger("vm", "create", "web", "--start", words[0], words[1]);
      assertThat(result.status()).isIn(1, 2);
      assertThat(result.err()).contains(named);
      if (result.status() == 1) {
        assertThat(result.err()).contains(code);
      }
      assertThat(result.err()).doesNotContain("Exception").doesNotContain("\tat ");
      assertThat(host.banger("vm", "ls", "--all", "--json").ok().out()).doesNotContain("\"id\"");
    }
  }

  @Test
  void aNameInUseOrAgainstTheRulesIsRefused() throws Exception {
    try (Host host = Host.open()) {
      host.banger("vm", "create", "web").ok();
      Host.Result taken = host.banger("vm", "create", "web");
      assertThat(taken.status()).isEqualTo(1);
      assertThat(taken.err()).contains("web").contains("ALREADY_EXISTS");
      for (String name : List.of("Web", "web.vm", "9lives", "a".repeat(64), "ends-")) {
        Host.Result bad = host.banger("vm", "create", name);
        assertThat(bad.status()).as(name).isNotZero();
        assertThat(bad.err()).as(name).contains("name");
      }
      assertThat(host.banger("vm", "ls", "--all", "--json").ok().out().split("\"id\"", -1))
          .hasSize(2);
    }
  }

  @Test
  void aMissingQemuIsNamedWithItsPackageAndDoctorSaysSoToo() throws Exception {
    try (Host host = Host.open()) {
      host.configure("binaries.qemu-system-x86_64 = \"/nonexistent/qemu\"\n");
      Host.Result result = host.banger("vm", "run", "--", "true");
      assertThat(result.status()).isEqualTo(125);
      assertThat(result.err()).contains("qemu").contains("HOST_UNSUPPORTED");
      assertThat(host.banger("vm", "ls", "--all", "--json").ok().out()).doesNotContain("\"id\"");
    }
  }

  @Test
  void aKernelThatPanicsIsReportedWithItsLastLines() throws Exception {
    try (Host host = Host.open()) {
      Path garbage = Files.writeString(host.home().resolve("no-program"), "this is no program");
      garbage.toFile().setExecutable(true);
      host.configure("binaries.banger-agent = \"" + garbage + "\"\n");
      Host.Result result = host.banger("vm", "run", "--", "true");
      assertThat(result.status()).isEqualTo(125);
      assertThat(result.err()).contains("panic").contains("GUEST_FAILED");
    }
  }

  @Test
  void aGuestThatNeverAnswersEndsAtTheLimit(@TempDir Path dir) throws Exception {
    try (Host host = Host.open()) {
      Path source = dir.resolve("mute.c");
      Files.writeString(
          source,
          """
          #include <stdio.h>
          #include <unistd.h>
          int main(void) { puts("mute: I say no more"); fflush(stdout); for (;;) pause(); }
          """);
      Path mute = dir.resolve("mute");
      assertThat(host.sh("musl-gcc -static -o " + mute + " " + source).status()).isZero();
      host.configure("binaries.banger-agent = \"" + mute + "\"\nvm.boot_timeout = 12\n");
      Host.Result result = host.banger("vm", "run", "--", "true");
      assertThat(result.status()).isEqualTo(125);
      assertThat(result.err())
          .contains("did not answer within 12 s")
          .contains("I say no more")
          .contains("TIMEOUT");
    }
  }

  @Test
  void aCorruptDatabaseIsReportedAndLeftAlone() throws Exception {
    try (Host host = Host.open()) {
      Path database =
          Files.writeString(host.home().resolve("banger.db"), "no database".repeat(100));
      Host.Result result = host.banger("vm", "ls");
      assertThat(result.status()).isEqualTo(1);
      assertThat(result.err()).contains("banger.db");
      assertThat(database).hasContent("no database".repeat(100));
      Files.delete(database);
    }
  }

  @Test
  void aSocketPathThatIsTooLongIsReportedWithTheLimit(@TempDir Path dir) throws Exception {
    Host host = Host.alone(Files.createDirectory(dir.resolve("x".repeat(100))));
    Host.Result result = host.banger("vm", "ls");
    assertThat(result.status()).isEqualTo(1);
    assertThat(result.err()).contains("107");
    assertThat(host.processes()).isEmpty();
  }

  @Test
  void aStaleSocketIsReplaced() throws Exception {
    try (Host host = Host.open()) {
      host.banger("vm", "ls").ok();
      ProcessHandle daemon = ProcessHandle.of(host.daemonPid()).orElseThrow();
      daemon.destroyForcibly();
      daemon.onExit().get();
      assertThat(host.home().resolve("run/banger.sock")).exists();
      host.banger("vm", "ls").ok();
    }
  }

  @Test
  void mistakesInTheConfigurationAreShownWithTheirLines() throws Exception {
    try (Host host = Host.open()) {
      host.configure("accel = \"magic\"\n[vm]\nmemory = 3\n");
      Host.Result result = host.banger("vm", "ls");
      assertThat(result.status()).isEqualTo(1);
      assertThat(result.err()).contains("line 1").contains("vm.memory");
      host.configure("");
    }
  }

  @Test
  void aFullDiskFailsTheCreateAndLeavesNothing(@TempDir Path dir) throws Exception {
    Path mount = Files.createDirectory(dir.resolve("m"));
    try (Host host = Host.open()) {
      assertThat(host.sh("mount -t tmpfs -o size=4M tmpfs " + mount).status()).isZero();
      try {
        Path vms = Files.createDirectory(mount.resolve("vms"));
        Files.createSymbolicLink(host.home().resolve("vms"), vms);
        assertThat(
                host.sh("dd if=/dev/zero of=" + mount + "/fill bs=64k count=63 2>/dev/null")
                    .status())
            .isIn(0, 1);
        Host.Result result = host.banger("vm", "create", "web", "--start");
        assertThat(result.status()).isEqualTo(1);
        assertThat(result.err()).contains("space");
        assertThat(vms).isEmptyDirectory();
        assertThat(host.banger("vm", "ls", "--all", "--json").ok().out()).doesNotContain("\"id\"");
        Files.delete(mount.resolve("fill"));
        Files.delete(host.home().resolve("vms"));
      } finally {
        host.sh("umount " + mount);
      }
    }
  }
}
