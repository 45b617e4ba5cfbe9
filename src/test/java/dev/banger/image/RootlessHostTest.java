package dev.banger.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.banger.ffm.ProcessCalls;
import dev.banger.proc.Binaries;
import dev.banger.proc.Command;
import dev.banger.proc.Finished;
import dev.banger.proc.Tool;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Root makes an ordinary user for a while, and that user pulls a kernel and an image. */
class RootlessHostTest {
  private static final String USER = "banger-test-user";
  private final Binaries binaries = Binaries.ofPath();

  private Finished run(String program, String... arguments) throws Exception {
    return Command.of(binaries, new Tool(program, program), arguments)
        .limit(Duration.ofMinutes(10))
        .onError(System.err::println)
        .run();
  }

  @BeforeEach
  void makeUser() throws Exception {
    assumeTrue(ProcessCalls.geteuid() == 0, "only root can make a user");
    removeUser();
    assertThat(run("useradd", "--create-home", "--shell", "/bin/sh", USER).ok()).isTrue();
    run("usermod", "--add-subuids", "700000-765535", "--add-subgids", "700000-765535", USER);
  }

  @AfterEach
  void removeUser() throws Exception {
    if (ProcessCalls.geteuid() == 0
        && Command.of(binaries, new Tool("id", "coreutils"), USER).run().ok()) {
      run("userdel", "--remove", USER);
    }
  }

  /** The user cannot look into the local Maven repository of root. */
  private String readableClassPath(Path copies) throws Exception {
    Files.createDirectory(copies);
    List<String> entries = new ArrayList<>();
    for (String entry : System.getProperty("java.class.path").split(":", -1)) {
      Path copy = copies.resolve(Integer.toString(entries.size()));
      if (Files.exists(Path.of(entry))) {
        assertThat(run("cp", "-r", entry, copy.toString()).ok()).isTrue();
        entries.add(copy.toString());
      }
    }
    assertThat(run("chown", "-R", USER, copies.toString()).ok()).isTrue();
    return String.join(":", entries);
  }

  @Test
  void ordinaryUserPullsAKernelAndAnImageWithTheRightOwners() throws Exception {
    Path home = Path.of("/home").resolve(USER);
    Path data = home.resolve("banger");
    Finished pull =
        run(
            "setpriv",
            "--reuid=" + USER,
            "--regid=" + USER,
            "--init-groups",
            "--inh-caps=-all",
            "env",
            "HOME=" + home,
            "USER=" + USER,
            ProcessHandle.current().info().command().orElseThrow(),
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            readableClassPath(home.resolve("class-path")),
            PullAsUser.class.getName(),
            data.toString());
    assertThat(pull.ok()).as("%s", pull.lastErrors()).isTrue();
    for (String line : pull.output().lines().toList()) {
      Path disk = Path.of(line.substring(line.indexOf(' ') + 1));
      assertThat(run("e2fsck", "-fn", disk.toString()).ok()).as(line).isTrue();
      assertThat(Files.getOwner(disk).getName()).isEqualTo(USER);
      String root = run("debugfs", "-R", "stat /", disk.toString()).output();
      assertThat(root).containsPattern("User: +0 +Group: +0");
      if (line.startsWith("image")) {
        assertThat(run("debugfs", "-R", "stat /var/mail", disk.toString()).output())
            .containsPattern("User: +0 +Group: +8");
        assertThat(run("debugfs", "-R", "stat /bin/sudo", disk.toString()).output())
            .containsPattern("Mode: +04755");
      } else {
        assertThat(run("debugfs", "-R", "stat /kernel", disk.toString()).output())
            .containsPattern("User: +0 +Group: +0");
      }
    }
    assertThat(data.resolve("cache/build")).isEmptyDirectory();
  }
}
