package dev.banger.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.banger.proc.ScopedLine;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * A VMM outlives the systemd service that its daemon is in: systemd, inside a VM of ours, is the
 * judge; the shim is the real one, its program sleeps.
 */
class ScopeHostTest {
  private static final Path SHIM = Path.of("guest/build/banger-shim").toAbsolutePath();

  private static String inGuest(Host host, String script) throws Exception {
    return host.banger("vm", "exec", "-n", "web", "--", "sh", "-euc", script).ok().out().strip();
  }

  @Test
  void theVmmLivesOnInItsScopeWhenTheServiceIsStopped() throws Exception {
    try (Host host = Host.open()) {
      host.banger("vm", "create", "web", "--start", "--init-mode", "system").ok();
      host.banger("vm", "cp", SHIM.toString(), "web:/root/banger-shim").ok();
      await()
          .atMost(Duration.ofSeconds(90))
          .until(() ->
              host.sh("banger vm exec -n web -- systemctl is-system-running")
                  .out()
                  .matches("(running|degraded)\n"));
      inGuest(
          host, "systemd-run -q --wait --unit=probe sh -c 'cat /proc/self/cgroup > /root/cgroup'");
      List<String> line =
          ScopedLine.of(
              Files.createTempDirectory(host.home(), "root"),
              inGuest(host, "cat /root/cgroup"),
              Path.of(inGuest(host, "command -v systemd-run")),
              Path.of("/root/banger-shim"),
              Path.of("/root/0123456789ab"));
      String words = String.join(" ", line);
      Path start =
          Files.writeString(
              host.home().resolve("start"),
              """
              #!/bin/sh
              sleep 1001 &
              echo $! > /root/unscoped
              %s > /root/answer &
              echo $! > /root/started
              exec sleep 1002
              """
                  .formatted(words));
      host.banger("vm", "cp", start.toString(), "web:/root/start").ok();
      inGuest(
          host,
          "mkdir /root/0123456789ab; systemd-run -q --unit=banger --property=Type=exec sh /root/start");
      await()
          .atMost(Duration.ofSeconds(60))
          .until(() -> inGuest(host, "cat /root/answer 2>/dev/null || true").startsWith("ready "));
      inGuest(host, "systemctl stop banger");
      assertThat(inGuest(host, "systemctl is-active banger || true")).isEqualTo("inactive");
      assertThat(inGuest(host, "kill -0 `cat /root/unscoped` 2>&1 || echo ended"))
          .endsWith("ended");
      assertHolds(host, line);
    }
  }

  /** The scope has both, the shim as the process that asked for it, and goes with them. */
  private static void assertHolds(Host host, List<String> line) throws Exception {
    String scope =
        line.stream()
                .filter(word -> word.startsWith("--unit="))
                .findFirst()
                .orElseThrow()
                .substring(7)
            + ".scope";
    String group = inGuest(host, "systemctl show -P ControlGroup " + scope);
    assertThat(group).endsWith(scope);
    String record = inGuest(host, "cat /root/0123456789ab/vmm");
    assertThat(inGuest(host, "cat /sys/fs/cgroup" + group + "/cgroup.procs").lines())
        .containsExactlyInAnyOrder(number(record, "pid"), number(record, "shim"));
    assertThat(inGuest(host, "cat /root/started")).isEqualTo(number(record, "shim"));
    inGuest(host, "kill " + number(record, "pid"));
    await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> inGuest(host, "systemctl show -P LoadState " + scope).equals("not-found"));
  }

  private static String number(String record, String name) {
    for (String word : record.split("\\s+", -1)) {
      if (word.startsWith(name + "=")) {
        return word.substring(name.length() + 1);
      }
    }
    throw new AssertionError("no " + name + " in " + record);
  }
}
