package dev.banger.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;

/** What a guest gets of its owner, in one life of a VM. */
class SyncHostTest {
  private static final String SECRET = "s3cr3t-0f-th3-0wn3r-7f1c";

  private static final String SETTINGS =
      """
      [authorization]
      keys = ["ssh-ed25519 AAAAmine mine"%s]
      git_name = "Jo"
      git_email = "jo@example.org"
      """;
  private static final String SHOW =
      """
      cd; stat -c '%a %n' .config/tool/token /etc/tool.conf changed gone 2>&1 | sed 's/.*cannot.*/none/'
      cat .config/tool/token; git config --global user.name
      grep -o 'mine$\\|two$\\|own$' .ssh/authorized_keys; grep -c banger .ssh/authorized_keys
      """;

  private static String files(Host host) {
    return """
    [[sync]]
    from = "%1$s/token"
    to = "~/.config/tool/token"
    [[sync]]
    from = "%1$s/token"
    to = "/etc/tool.conf"
    mode = "0640"
    [[sync]]
    from = "%1$s/token"
    to = "~/changed"
    [[sync]]
    from = "%1$s/gone"
    to = "~/gone"
    """
        .formatted(host.home());
  }

  private static Host.Result show(Host host) throws Exception {
    return host.banger("vm", "exec", "web", "--", "sh", "-c", SHOW);
  }

  @Test
  void aGuestHasWhatTheConfigurationNamesAndKeepsWhatIsItsOwn() throws Exception {
    try (Host host = Host.open()) {
      Path token = Files.writeString(host.home().resolve("token"), SECRET + "\n");
      Files.setPosixFilePermissions(token, PosixFilePermissions.fromString("rw-r--r--"));
      String files = files(host);
      host.configure(SETTINGS.formatted(", \"ssh-ed25519 AAAAtwo two\"") + files);
      Host.Result refused = host.banger("vm", "create", "web", "--start");
      assertThat(refused.status()).isNotZero();
      assertThat(refused.err()).contains("chmod o= " + token);
      Files.setPosixFilePermissions(token, PosixFilePermissions.fromString("rw-------"));
      host.sh("banger vm start web || banger vm create web --start").ok();

      assertThat(show(host).out())
          .isEqualTo(
              "600 .config/tool/token\n640 /etc/tool.conf\n600 changed\nnone\n"
                  + SECRET
                  + "\nJo\nmine\ntwo\n1\n");
      assertNowhereOutside(host);

      host.banger(
              "vm",
              "exec",
              "web",
              "--",
              "sh",
              "-c",
              "echo ssh-ed25519 AAAAown own >> ~/.ssh/authorized_keys; echo more >> ~/changed; git config --global user.name Guest")
          .ok();
      Files.writeString(token, "another\n");
      host.configure(SETTINGS.formatted("") + files);
      Host.Result synced = host.banger("vm", "sync").ok();
      assertThat(synced.out()).isEqualTo("web\n");
      assertThat(synced.err())
          .isEqualTo("web: changed is kept as it is: it was made or changed in the guest\n");
      assertThat(show(host).out()).endsWith("another\nGuest\nmine\nown\n1\n");

      String key = host.sh("cat $BANGER_HOME/ssh/id_ed25519.pub").ok().out();
      host.configure(SETTINGS.formatted(""));
      assertThat(host.banger("ssh-config", "--rotate").ok().out()).contains("1 running");
      assertThat(host.sh("cat $BANGER_HOME/ssh/id_ed25519.pub").ok().out()).isNotEqualTo(key);
      assertThat(host.banger("vm", "ssh", "web", "--", "cat .ssh/authorized_keys").ok().out())
          .doesNotContain(key)
          .contains("banger");
      host.banger("vm", "sync", "web").ok();
      assertThat(show(host).out())
          .startsWith("none\nnone\n600 changed\nnone\n")
          .doesNotContain("another");
    }
  }

  /** In no file but its own and the VM's disks, and in no process's words. */
  private static void assertNowhereOutside(Host host) throws Exception {
    Host.Result found =
        host.sh(
            """
            cd "$BANGER_HOME"
            grep -rlaF -f token --exclude='*.ext4' --exclude='*.cow' --exclude=token \\
              --exclude-dir=images --exclude-dir=kernels --exclude-dir=cache .
            grep -laF -f token /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2> /dev/null || true
            """);
    assertThat(found.out()).isEmpty();
  }
}
