package dev.banger.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** VMs that are kept for the program of their image: volumes, stop signal, ports, output. */
class ServiceHostTest {
  private static Host host;
  private static Path work;

  @BeforeAll
  static void open() throws Exception {
    host = Host.open();
    work = Files.createTempDirectory("banger-service-");
    sh(
        """
        umoci init --layout l && umoci new --image l:base
        mkdir -p root/bin root/etc root/tmp root/data/deep
        cp "$(readlink -f "$(command -v busybox)")" root/bin/busybox
        for name in sh ls cat echo sleep stat grep sync readlink; do ln -s busybox root/bin/$name; done
        printf 'root:x:0:0::/root:/bin/sh\\n' > root/etc/passwd
        printf 'root:x:0:\\n' > root/etc/group
        echo seed > root/data/deep/seed; ln root/data/deep/seed root/data/twin; ln -s deep/seed root/data/link
        chown -R 1000:1001 root/data; chmod 2750 root/data; setfattr -n user.note -v kept root/data/twin
        mkdir -p root/real; echo real > root/real/file; ln -s /real root/alias
        mkdir -p root/root/inhome; echo home > root/root/inhome/file
        umoci insert --image l:base root /
        """);
  }

  @AfterAll
  static void close() throws Exception {
    for (String name : new String[] {"service", "stubborn", "once", "large", "doomed"}) {
      host.banger("vm", "delete", "--force", name);
      host.banger("image", "delete", "oci:" + work + "/l:" + name);
    }
    host.close();
    sh("cd / && rm -rf '" + work + "'");
  }

  private static String sh(String script) throws Exception {
    Process shell = new ProcessBuilder("bash", "-euc", script).directory(work.toFile()).start();
    return Host.await(shell, new byte[0]).ok().out();
  }

  private static String logs(String vm) throws Exception {
    return host.banger("vm", "logs", vm).ok().out().replace("\r", "");
  }

  private static String exec(String vm, String script) throws Exception {
    return host.banger("vm", "exec", vm, "--", "sh", "-c", script).ok().out();
  }

  @Test
  void aServiceHasVolumesIsStoppedByItsSignalAndTellsItsLog() throws Exception {
    sh(
        """
        umoci config --image l:base --tag service --config.stopsignal SIGQUIT --config.exposedports 80/tcp \\
          --config.volume /data --config.volume /alias --config.volume /none/here --config.volume /root/inhome \\
          --config.volume /proc \\
          --config.entrypoint sh --config.entrypoint -c --config.cmd '
            trap "echo by TERM; exit 4" TERM
            trap "echo by QUIT; echo bye > /data/bye; exit 3" QUIT
            echo "service: ready"; while :; do sleep 1 & wait $!; done'
        """);
    host.banger("vm", "create", "service", "--image", "oci:" + work + "/l:service", "--start").ok();
    await()
        .atMost(Duration.ofSeconds(20))
        .until(() -> logs("service").contains("service: ready\n"));
    String look =
        "stat -c '%u:%g %a' /data; cat /data/deep/seed /data/link /alias/file /root/inhome/file;"
            + " stat -c '%h %u' /data/twin; ls /none/here; cat /proc/self/comm;"
            + " grep -c -e ' /data ext4' -e ' /real ext4' -e ' /none/here ext4' -e ' /root/inhome ext4'"
            + " /proc/mounts; readlink /alias";
    assertThat(exec("service", look))
        .isEqualTo("1000:1001 2750\nseed\nseed\nreal\nhome\n2 1000\ncat\n4\n/real\n");
    assertThat(exec("service", "echo mine > /data/deep/seed; ls -A /data")).contains("twin");
    String shown = host.banger("vm", "show", "service").ok().out();
    assertThat(shown).contains("exposes      80/tcp", "volume       /data");
    assertThat(host.banger("image", "show", "oci:" + work + "/l:service").ok().out())
        .contains("80/tcp", "/data", "SIGQUIT", "volume '/proc' belongs to the kernel");

    host.banger("vm", "stop", "service").ok();
    assertThat(logs("service"))
        .contains("by QUIT\nbanger-agent: the entrypoint ended: status 3\n", "goodbye poweroff")
        .doesNotContain("by TERM");
    host.banger("vm", "start", "service").ok();
    assertThat(exec("service", "cat /data/bye /data/deep/seed /data/twin"))
        .isEqualTo("bye\nmine\nmine\n");
    host.banger("vm", "delete", "--force", "service").ok();
  }

  @Test
  void aServiceThatDoesNotEndIsKilledAndWhatItWroteIsOnTheDisk() throws Exception {
    sh(
        """
        umoci config --image l:base --tag stubborn --config.entrypoint sh --config.entrypoint -c \\
          --config.cmd 'trap "" TERM; echo written > /file; echo ready; while :; do sleep 1; done'
        """);
    host.banger("vm", "create", "stubborn", "--image", "oci:" + work + "/l:stubborn", "--start")
        .ok();
    await().atMost(Duration.ofSeconds(20)).until(() -> logs("stubborn").contains("ready\n"));
    host.banger("vm", "stop", "stubborn", "--timeout", "2").ok();
    assertThat(logs("stubborn")).contains("the entrypoint ended: signal 9", "goodbye poweroff");
    host.banger("vm", "start", "stubborn").ok();
    assertThat(exec("stubborn", "cat /file")).isEqualTo("written\n");
    host.banger("vm", "delete", "--force", "stubborn").ok();
  }

  @Test
  void whatAServiceIsRunForRunsOnceAtEachStart() throws Exception {
    sh(
        """
        umoci config --image l:base --tag once --config.entrypoint sh --config.entrypoint -c \
          --config.cmd 'echo own >> /times'
        """);
    String image = "oci:" + work + "/l:once";
    String program = "echo given >> /times; echo done";
    assertThat(host.banger("vm", "run", "--name", "once", image, "--", program).ok().out())
        .isEqualTo("done\n");
    assertThat(exec("once", "cat /times")).isEqualTo("given\n");
    assertThat(logs("once")).doesNotContain("entrypoint");
    host.banger("vm", "restart", "once").ok();
    await()
        .atMost(Duration.ofSeconds(20))
        .until(() -> logs("once").contains("the entrypoint ended: status 0"));
    assertThat(exec("once", "cat /times")).isEqualTo("given\ngiven\n");
    host.banger("vm", "delete", "--force", "once").ok();
  }

  /** Content that takes a while to copy; the agent answers meanwhile. */
  @Test
  void aLargeVolumeIsCopiedOnceAndAServiceStartsAfterThat() throws Exception {
    sh(
        """
        mkdir -p large/sub; head -c 100M /dev/urandom > large/random
        for i in $(seq 2000); do echo $i > large/sub/$i; done
        umoci tag --image l:base large; umoci insert --image l:large large /large
        umoci config --image l:large --config.volume /large --config.entrypoint sh \\
          --config.entrypoint -c --config.cmd 'busybox sha256sum /large/random; sleep 1000'
        """);
    String image = "oci:" + work + "/l:large";
    host.banger("vm", "create", "large", "--image", image, "--start").ok();
    String sum = sh("sha256sum < large/random | cut -c1-64").strip();
    await().atMost(Duration.ofSeconds(60)).until(() -> logs("large").contains(sum));
    assertThat(exec("large", "ls /large/sub | busybox wc -l")).isEqualTo("2000\n");
    host.banger("vm", "delete", "--force", "large").ok();
    Host.Result small =
        host.banger("vm", "create", "small", "--image", image, "--disk", "64M", "--start");
    assertThat(small.err()).contains("cannot make the volume /large", "No space left on device");
    assertThat(host.banger("vm", "ls").ok().out()).doesNotContain("small");
    host.banger("image", "delete", image).ok();
  }

  @Test
  void anImageThatIsDeletedByForceServesItsVmsToTheEnd() throws Exception {
    sh("umoci tag --image l:base doomed");
    String image = "oci:" + work + "/l:doomed";
    host.banger("vm", "create", "doomed", "--image", image).ok();
    Host.Result refused = host.banger("image", "delete", image);
    assertThat(refused.status()).isEqualTo(1);
    assertThat(refused.err()).contains("doomed", "--force");
    assertThat(host.banger("image", "delete", "--force", image).ok().err()).contains("doomed");
    assertThat(host.banger("image", "show", image).status()).isEqualTo(1);
    assertThat(host.banger("image", "ls").ok().out()).contains(image + " (deleted)");
    new ProcessBuilder("kill", "-9", Long.toString(host.daemonPid())).start().waitFor();
    host.banger("vm", "start", "doomed").ok();
    assertThat(exec("doomed", "cat /real/file")).isEqualTo("real\n");
    host.banger("vm", "delete", "--force", "doomed").ok();
    assertThat(host.banger("image", "ls").ok().out()).doesNotContain("doomed");
  }
}
