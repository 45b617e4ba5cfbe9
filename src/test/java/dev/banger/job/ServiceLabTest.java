package dev.banger.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;

/**
 * In the lab: the main job as a service of systemd's, with what the daemon finds there by itself:
 * KVM, a bridge, snapshots, systemd-resolved. Its unit is that of docs/service.md.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ServiceLabTest {
  private static final Duration LIMIT = Duration.ofSeconds(90);
  private static final Path UNIT = Path.of("/etc/systemd/system/banger.service");
  private static final String ADDRESS = "10.97.0.11";
  private static final String VMM = "pgrep -x qemu-system-x86";

  private Host host;
  private String vmm;

  @BeforeAll
  void aService() throws Exception {
    host =
        Host.open()
            .configure(
                """
                [vm]
                memory = "192M"
                disk = "1G"
                boot_timeout = 120
                [network]
                subnet = "10.97.0.0/24"
                [disks]
                reserve = "32M"
                """);
    String unit =
        Files.readString(Path.of("docs/service.md"))
            .replaceAll("(?s).*```ini\n(.*?)```.*", "$1")
            .replace("/opt/banger", Path.of("").toAbsolutePath().toString());
    assertThat(unit).startsWith("[Unit]").contains("ExecStart=/");
    Files.writeString(
        UNIT,
        unit.replace(
            "[Service]\n",
            "[Service]\nEnvironment=BANGER_HOME=%s JAVA_HOME=%s\n"
                .formatted(host.home(), System.getProperty("java.home"))));
    sh("systemctl daemon-reload && systemctl start banger");
    awaitTheDaemon();
    host.banger("vm", "create", "web", "--start", "--init-mode", "agent", "--ip", ADDRESS).ok();
    vmm = sh(VMM);
    inGuest("echo kept > /run/mark");
  }

  @AfterAll
  void nothingIsLeft() throws Exception {
    host.banger("vm", "delete", "--force", "web").ok();
    sh("systemctl stop banger");
    assertThat(sh("systemctl list-units --all --no-legend 'banger-vm-*'")).isEmpty();
    assertThat(sh("ip link; dmsetup ls; losetup -l")).doesNotContain("banger");
    Files.delete(UNIT);
    sh("systemctl daemon-reload");
    host.close();
  }

  private String sh(String line) throws Exception {
    return host.sh(line).ok().out().strip();
  }

  private String inGuest(String line) throws Exception {
    return host.banger("vm", "exec", "-n", "web", "--", "sh", "-c", line).ok().out().strip();
  }

  /** Else the client would start one of its own. */
  private void awaitTheDaemon() {
    await()
        .atMost(LIMIT)
        .untilAsserted(() ->
            assertThat(sh("ss -xlH src " + host.home().resolve("run/banger.sock"))).isNotEmpty());
  }

  /** The VM's process is the one that was started, and the service's daemon knows it. */
  private void assertTakenOver() throws Exception {
    awaitTheDaemon();
    assertThat(inGuest("cat /run/mark")).isEqualTo("kept");
    assertThat(sh(VMM)).isEqualTo(vmm);
    assertThat(host.daemonPid()).isEqualTo(Long.parseLong(mainPid()));
  }

  private String mainPid() throws Exception {
    return sh("systemctl show -P MainPID banger");
  }

  @Test
  @Order(1)
  void aProgramRunsOnTheProcessorItselfOnTheBridgeOnASnapshot() throws Exception {
    assertThat(sh("tr '\\0' ' ' < /proc/" + vmm + "/cmdline"))
        .contains(" -accel kvm ", "file.driver=host_device", " -netdev tap,");
    assertThat(sh("dmsetup table")).contains(" snapshot ");
    assertThat(sh("ip -br link show master banger0")).contains("UP");
    assertThat(host.banger("vm", "run", "--", "uname", "-a").ok().out())
        .startsWith("Linux ")
        .contains("x86_64");
    assertThat(inGuest("ip -br address")).contains(ADDRESS + "/");
    assertThat(host.banger("doctor").out())
        .containsPattern("ok +accelerator: KVM works")
        .containsPattern("ok +system disks: .*dm-snapshot")
        .containsPattern("ok +daemon's service: banger.service; VMs outlive it");
    await()
        .atMost(LIMIT)
        .untilAsserted(() -> assertThat(sh("getent ahostsv4 web.vm || true")).contains(ADDRESS));
  }

  @Test
  @Order(2)
  void itsVmmIsConfinedAndInAScopeOfItsOwn() throws Exception {
    assertThat(sh("cat /proc/" + vmm + "/status").lines().map(line -> line.replaceAll("\\s+", " ")))
        .contains("NoNewPrivs: 1", "Seccomp: 2", "CapEff: 0000000000000000")
        .noneMatch(line -> line.startsWith("Uid: 0") || line.startsWith("Gid: 0"));
    assertThat(sh("cat /proc/" + vmm + "/cgroup")).matches("0::/.*/banger-vm-\\S+\\.scope");
    assertThat(sh("cat /proc/" + mainPid() + "/cgroup")).endsWith("/banger.service");
  }

  @Test
  @Order(3)
  void aRestartOfTheServiceEndsNoMachine() throws Exception {
    String before = mainPid();
    sh("systemctl restart banger");
    assertTakenOver();
    assertThat(mainPid()).isNotEqualTo(before);
  }

  @Test
  @Order(4)
  void aKilledDaemonIsStartedAgainAndTakesItsMachineOver() throws Exception {
    String before = mainPid();
    sh("kill -9 " + before);
    await().atMost(LIMIT).untilAsserted(() -> assertThat(mainPid()).isNotIn("0", before));
    assertTakenOver();
  }

  @Test
  @Order(5)
  void theProbeTellsAProcessorThatRunsGuestsFromNone() throws Exception {
    assertThat(sh("guest/build/banger-shim --probe-kvm")).startsWith("usable nanos=");
    sh("mv /dev/kvm /dev/kvm.away");
    try {
      assertThat(host.sh("guest/build/banger-shim --probe-kvm").out().strip())
          .isEqualTo("unusable step=open reason=No such file or directory");
    } finally {
      sh("mv /dev/kvm.away /dev/kvm");
    }
  }
}
