package dev.banger.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

/** What one real VM uses, how it is, and what can be changed about it. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class FiguresHostTest {
  private static final double OVERCOMMIT = 0.1;
  private static final long MIB = 1 << 20;
  private static Host host;

  @BeforeAll
  static void open() throws Exception {
    host = Host.open().configure("[admission]\nmemory_overcommit = " + OVERCOMMIT + "\n");
  }

  @AfterAll
  static void close() throws Exception {
    host.close();
  }

  /** A share of what all VMs may have together. */
  private static String memory(double share) throws Exception {
    long total =
        Files.readAllLines(Path.of("/proc/meminfo")).stream()
            .filter(line -> line.startsWith("MemTotal:"))
            .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) / 1024)
            .findFirst()
            .orElseThrow();
    return (long) (total * OVERCOMMIT * share) + "M";
  }

  private static String guest(String line) throws Exception {
    return host.banger("vm", "exec", "web", "--", "sh", "-c", line).ok().out().strip();
  }

  private static long number(String json, String name) {
    return Long.parseLong(json.replaceAll("(?s).*\"" + name + "\":(\\d+).*", "$1"));
  }

  /** What a guest's df says of a file system's size. */
  private static long megabytes(String mountPoint) throws Exception {
    return Long.parseLong(guest("df -m --output=size " + mountPoint + " | tail -1").strip());
  }

  @Test
  @Order(1)
  void figuresComeFromBothSides() throws Exception {
    host.banger(
            "vm",
            "create",
            "web",
            "--start",
            "--memory",
            memory(0.5),
            "--disk",
            "1G",
            "--init-mode",
            "agent")
        .ok();
    String stats = host.banger("vm", "stats", "web", "--json").ok().out();
    assertThat(number(stats, "pid")).isPositive();
    assertThat(number(stats, "cpuUserMillis")).isPositive();
    assertThat(number(stats, "guestMemory")).isBetween(16 * MIB, 2048 * MIB);
    assertThat(number(stats, "roundTripMicros")).isBetween(1L, 2_000_000L);
    assertThat(stats).contains("\"mountPoint\":\"/root\"", "\"name\":\"eth0\"");
    assertThat(host.banger("vm", "stats").ok().out()).contains("NAME", "web");
    assertThat(host.banger("vm", "top").ok().out()).contains("NAME", "web");
    assertThat(host.banger("vm", "ping", "web", "-c", "2").ok().out()).contains("min/avg/max");
  }

  @Test
  @Order(2)
  void aHealthyGuestIsWellAndKeepsTime() throws Exception {
    assertThat(guest("cat /sys/devices/system/clocksource/clocksource0/current_clocksource"))
        .startsWith("tsc");
    Host.Result health = host.banger("vm", "health", "web").ok();
    assertThat(health.out()).contains("ok    agent", "ok    clock", "ok    work disk");
  }

  @Test
  @Order(3)
  void disksGrowWhileTheGuestRunsAndTheRestWaits() throws Exception {
    String said =
        host.banger("vm", "set", "web", "--disk", "2G", "--cpus", "2", "--label", "team=blue")
            .ok()
            .out();
    assertThat(said.lines())
        .contains("disk: 1G -> 2G", "label team: none -> blue")
        .anyMatch(line -> line.startsWith("cpus: 1 -> 2 at its next start"));
    assertThat(megabytes("/")).isGreaterThan(1800);
    assertThat(megabytes("/root")).isGreaterThan(1800);
    assertThat(guest("nproc")).isEqualTo("1");
    assertThat(host.banger("vm", "show", "web").ok().out())
        .contains("1 (2 at its next start)", "team=blue");
  }

  @Test
  @Order(4)
  void aChangeThatCannotBeWholeChangesNothing() throws Exception {
    String before = host.banger("vm", "show", "web", "--json").ok().out();
    Host.Result result =
        host.banger("vm", "set", "web", "--label", "team=red", "--disk", "1G", "--json");
    assertThat(result.status()).isEqualTo(1);
    assertThat(result.err()).contains("INVALID", "from 2G to 1G");
    assertThat(host.banger("vm", "show", "web", "--json").ok().out()).isEqualTo(before);
  }

  @Test
  @Order(5)
  void aHungVmmIsSaidToBeSoAndHoldsNobodyUp() throws Exception {
    String pid =
        Long.toString(number(host.banger("vm", "show", "web", "--json").ok().out(), "pid"));
    host.sh("kill -STOP " + pid).ok();
    try {
      long began = System.nanoTime();
      assertThat(host.banger("vm", "stats", "--json").ok().out()).contains("\"guestMissing\":\"");
      assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(10));
      Host.Result health = host.banger("vm", "health");
      assertThat(health.status()).isEqualTo(1);
      assertThat(health.out()).contains("fail  agent");
    } finally {
      host.sh("kill -CONT " + pid).ok();
    }
    await()
        .atMost(Duration.ofSeconds(60))
        .until(() -> host.banger("vm", "health", "web").status() == 0);
  }

  @Test
  @Order(6)
  void aVmThatDoesNotFitWaitsForRoomOrIsRefusedAtOnce() throws Exception {
    String fits = memory(0.6);
    Host.Result refused = host.banger("vm", "create", "big", "--start", "--memory", fits);
    assertThat(refused.status()).isEqualTo(1);
    assertThat(refused.err()).contains("NO_SPACE", "1 other VM has", "--wait");
    assertThat(host.banger("vm", "ls", "-a", "-q").ok().out()).isEqualTo("web\n");

    Process waiting = host.start("vm", "create", "big", "--start", "--wait=5m", "--memory", fits);
    await()
        .atMost(Duration.ofSeconds(60))
        .until(() -> host.banger("vm", "ls", "-a", "-q").out().contains("big"));
    host.banger("vm", "stop", "web").ok();
    Host.Result created = Host.await(waiting, new byte[0]).ok();
    assertThat(created.err()).contains("waiting for memory: needs ");
    host.banger("vm", "delete", "--force", "big").ok();
  }

  @Test
  @Order(7)
  void aStoppedVmGetsEverythingAtItsNextStart() throws Exception {
    host.banger("vm", "set", "web", "--disk", "20G", "--memory", "400M").ok();
    host.banger("vm", "start", "web").ok();
    assertThat(megabytes("/root")).isGreaterThan(18_000);
    assertThat(megabytes("/")).isGreaterThan(18_000);
    assertThat(guest("nproc")).isEqualTo("2");
    assertThat(host.banger("vm", "show", "web").ok().out()).doesNotContain("at its next start");
    for (String disk : List.of("system.ext4", "work.ext4")) {
      host.banger("vm", "stop", "web");
      host.sh("e2fsck -fn " + host.home() + "/vms/*/" + disk).ok();
    }
  }
}
