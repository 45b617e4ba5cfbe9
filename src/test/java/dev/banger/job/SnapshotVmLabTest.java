package dev.banger.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;

/**
 * In the lab: VMs with KVM, on a bridge, whose system disks are snapshots because the host can; one
 * of them over its whole life. dmsetup and e2fsck judge.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class SnapshotVmLabTest {
  private static final Duration LIMIT = Duration.ofSeconds(90);

  private Host host;
  private String image;

  @BeforeAll
  void aMachine() throws Exception {
    host =
        Host.open()
            .configure(
                """
                accel = "kvm"
                [vm]
                memory = "192M"
                disk = "1G"
                boot_timeout = 120
                [network]
                mode = "bridge"
                subnet = "10.98.0.0/24"
                [disks]
                reserve = "32M"
                [admission]
                disk_floor = "64M"
                """);
    image = sh("sha256sum $(readlink -f $BANGER_HOME/images)/*/rootfs.ext4");
    host.banger("vm", "create", "web", "--start", "--init-mode", "agent").ok();
  }

  @AfterAll
  void nothingIsLeft() throws Exception {
    try {
      assertThat(sh("sha256sum $(readlink -f $BANGER_HOME/images)/*/rootfs.ext4")).isEqualTo(image);
    } finally {
      host.close();
    }
    Process left = new ProcessBuilder("sh", "-c", "dmsetup ls; losetup -l").start();
    assertThat(new String(left.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
        .doesNotContain("banger");
  }

  private String sh(String line) throws Exception {
    return host.sh(line).ok().out().strip();
  }

  private String inGuest(String line) throws Exception {
    return host.banger("vm", "exec", "-n", "web", "--", "sh", "-c", line).ok().out().strip();
  }

  private void delete(String what) throws Exception {
    host.banger("vm", "delete", "--force", what).ok();
  }

  @Test
  @Order(1)
  void theGuestHasOneWritableRootOverTheSharedImage() throws Exception {
    assertThat(sh("dmsetup table")).contains(" snapshot ", " PO 32", " linear ", " zero");
    assertThat(inGuest("grep ' / ' /proc/mounts"))
        .matches("\\S+ / ext4 rw,\\S*noinit_itable\\S* 0 0");
    assertThat(Long.parseLong(inGuest("df -m --output=size / | tail -n 1").strip()))
        .as("as large as --disk says")
        .isGreaterThan(900);
    inGuest("echo kept > /root-file && rm -r /usr/share/doc && sync");
    assertThat(sh("dmsetup status | grep ' snapshot '")).doesNotContain("Invalid");
    assertThat(sh("ls $BANGER_HOME/vms/*/")).contains("system.cow").doesNotContain("system.ext4");
    assertThat(host.banger("doctor").out()).containsPattern("ok +system disks: .*dm-snapshot");
  }

  @Test
  @Order(2)
  void aProgramOfItsOwnRunsOnOneToo() throws Exception {
    assertThat(
            host.banger("vm", "run", "--", "sh", "-c", "grep -c ext4 /proc/mounts; uname -s")
                .ok()
                .out())
        .endsWith("Linux\n");
    await().atMost(LIMIT).untilAsserted(() -> assertThat(sh("dmsetup ls | wc -l")).isEqualTo("2"));
    assertThat(sh("losetup -n -l | grep -c banger || true")).isLessThanOrEqualTo("2");
  }

  @Test
  @Order(3)
  void aKilledDaemonsMachineRunsOnAndTheNextOneTakesItOver() throws Exception {
    String before = sh("dmsetup info -c --noheadings -o name,devno | sort");
    sh("kill -9 " + host.daemonPid());
    assertThat(inGuest("cat /root-file")).isEqualTo("kept");
    assertThat(sh("dmsetup info -c --noheadings -o name,devno | sort")).isEqualTo(before);
  }

  @Test
  @Order(4)
  void itsDiskGrowsWhileItRunsAndWhileItDoesNot() throws Exception {
    assertThat(host.banger("vm", "set", "web", "--disk", "2G").ok().out()).contains("2G");
    assertThat(Long.parseLong(inGuest("df -m --output=size / | tail -n 1"))).isGreaterThan(1900);
    host.banger("vm", "stop", "web").ok();
    assertThat(sh("dmsetup ls")).doesNotContain("banger");
    host.banger("vm", "set", "web", "--disk", "3G").ok();
    host.banger("vm", "start", "web").ok();
    assertThat(Long.parseLong(inGuest("df -m --output=size / | tail -n 1"))).isGreaterThan(2800);
    assertThat(inGuest("cat /root-file; ls /usr/share/doc 2> /dev/null | wc -l"))
        .isEqualTo("kept\n0");
  }

  @Test
  @Order(5)
  void aStoreGrowsWithWhatIsWritten() throws Exception {
    inGuest("dd if=/dev/urandom of=/noise bs=1M count=100 2> /dev/null; sync");
    assertThat(sh("stat -c %s $BANGER_HOME/vms/*/system.cow | sort -n | tail -n 1").length())
        .as("more than 99 MB")
        .isGreaterThan(8);
    assertThat(sh("dmsetup status | grep ' snapshot '"))
        .matches("\\S+ 0 6291456 snapshot \\d+/\\d+ \\d+");
  }

  @Test
  @Order(6)
  void aGuestIsPausedBeforeItsStoreIsFullAndGoesOnWhenThereIsRoom() throws Exception {
    sh(
        "free=$(df --output=avail -B1 $BANGER_HOME | tail -n 1);"
            + " fallocate -l $((free - (64 << 20) - (8 << 20))) $BANGER_HOME/filler");
    Process writer =
        host.start(
            "vm",
            "exec",
            "-n",
            "web",
            "--",
            "sh",
            "-c",
            "yes 0123456789 | head -c 120M > /more; sync; echo written");
    await()
        .atMost(LIMIT)
        .untilAsserted(() ->
            assertThat(host.banger("vm", "show", "web").ok().out())
                .contains("paused", "its disk has no room"));
    assertThat(sh("dmsetup status")).doesNotContain("Invalid");
    assertThat(host.banger("events", "--since", "1h").out()).contains("disk-full");
    sh("rm $BANGER_HOME/filler");
    assertThat(Host.await(writer, new byte[0]).ok().out()).isEqualTo("written\n");
    assertThat(host.banger("vm", "show", "web").ok().out()).doesNotContain("its disk has no room");
    assertThat(
            inGuest(
                "echo 3 > /proc/sys/vm/drop_caches; yes 0123456789 | head -c 120M | cmp - /more && echo same"))
        .isEqualTo("same");
  }

  @Test
  @Order(7)
  void aStoppedOnesDiskIsWholeAndBecomesAnImage() throws Exception {
    inGuest(
        "cd /; rm -rf more noise usr/share usr/sbin var/lib usr/lib/*/perl* usr/lib/*/gconv; sync");
    host.banger("vm", "stop", "web").ok();
    Host.Result promoted = host.banger("image", "promote", "web", "mine:1");
    assertThat(promoted.status())
        .as(promoted.err() + sh("tail -n 60 $BANGER_HOME/log/daemon.log"))
        .isZero();
    assertThat(sh("dmsetup ls")).doesNotContain("banger");
    assertThat(
            host.banger(
                    "vm",
                    "run",
                    "--image",
                    "mine:1",
                    "--",
                    "sh",
                    "-c",
                    "cat /root-file; ls /more || echo gone")
                .ok()
                .out())
        .isEqualTo("kept\ngone\n");
    delete("web");
    host.banger("image", "delete", "mine:1").ok();
    host.banger("daemon", "stop").ok();
  }
}
