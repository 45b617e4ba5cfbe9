package dev.banger.proof;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.banger.api.VmApi;
import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.ErrorCode;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** A full disk: what ends is written into the reserve, and what changes changes whole or not. */
class FullDiskEndsHostTest {
  private static final Duration LIMIT = Duration.ofSeconds(20);
  private static final int MEBIBYTES = 40;

  private static VmApi.View awaitState(TestDaemon daemon, String vm, String state) {
    return await()
        .atMost(LIMIT)
        .until(() -> daemon.vm(vm), found -> found.isPresent() && found.get().state().equals(state))
        .orElseThrow();
  }

  /** Free bytes; what a change, a pull and a removal need lies between them. */
  private static final List<Long> ROOM = List.of(0L, 4096L, 65536L, 1048576L, 4194304L);

  private static void requireFull(BangerException e) {
    assertThat(e.code()).as("%s: %s", e.getMessage(), e.reason()).isEqualTo(ErrorCode.NO_SPACE);
    assertThat(e.getMessage()).isNotBlank();
    assertThat(e.reason()).as(e.getMessage()).isNotBlank();
    assertThat(e.hint()).as(e.getMessage()).isNotBlank();
  }

  @Test
  void aPlainStopIsWrittenDownThoughTheDiskIsFull() throws Exception {
    try (SmallDisk disk = SmallDisk.of(MEBIBYTES);
        TestDaemon daemon = TestDaemon.ofFakes(disk.home()).start()) {
      try (TestClient client = daemon.client()) {
        client.create("web", true);
        client.create("db", true);
        disk.fillTo(0);
        assertThat(client.stop("web", false).state()).isEqualTo("stopped");
        client.delete("db", true);
      }
      daemon.killAndStart();
      assertThat(daemon.vms()).extracting(VmApi.View::state).containsExactly("stopped");
      Invariants.require(daemon, LIMIT);
      disk.empty();
      try (TestClient client = daemon.client()) {
        client.start("web");
      }
    }
  }

  @Test
  void aChangeOnAFullDiskIsMadeWholeOrNotAtAll() throws Exception {
    try (SmallDisk disk = SmallDisk.of(MEBIBYTES);
        TestDaemon daemon = TestDaemon.ofFakes(disk.home()).start();
        TestClient client = daemon.client()) {
      client.create("web", true);
      client.create("off", false);
      for (long room : ROOM) {
        disk.fillTo(room);
        for (String vm : List.of("web", "off")) {
          VmApi.View before = client.show(vm);
          long more =
              vm.equals("off") ? ByteSize.mib(1).bytes() : 0; // a guest of tests has no disk
          long disks = before.disk() + more;
          try {
            client.set(vm, more == 0 ? 0 : disks, Map.of("room", Long.toString(room)));
            assertThat(client.show(vm).disk()).isEqualTo(disks);
            assertThat(client.show(vm).labels()).containsEntry("room", Long.toString(room));
          } catch (BangerException e) {
            requireFull(e);
            assertThat(client.show(vm)).isEqualTo(before);
          }
        }
        assertThat(client.exec("web", "/bin/true").status()).isZero();
        disk.empty();
      }
      client.start("off");
      Invariants.require(daemon, LIMIT);
    }
  }

  @Test
  void aPullOnAFullDiskEndsWithAWholeImageOrWithNothing() throws Exception {
    Set<String> outcomes = new TreeSet<>();
    try (SmallDisk disk = SmallDisk.of(MEBIBYTES);
        TestDaemon daemon = TestDaemon.ofFakes(disk.home()).start();
        TestClient client = daemon.client()) {
      client.create("web", true);
      List<String> before = client.images();
      for (long room : ROOM) {
        disk.fillTo(room);
        try {
          String image = client.pull(TestHome.IMAGE);
          outcomes.add("whole");
          assertThat(client.images()).hasSize(before.size() + 1).contains(image);
          disk.fillTo(0);
          client.deleteImage(image); // to delete is how a user makes room
        } catch (BangerException e) {
          requireFull(e);
          outcomes.add("nothing");
        }
        assertThat(client.images()).isEqualTo(before);
        Invariants.require(daemon, LIMIT);
        disk.empty();
      }
    }
    assertThat(outcomes).containsExactly("nothing", "whole");
  }

  @Test
  void anEndThatCannotBeWrittenIsSeenAndWrittenLaterAndItsPolicyHolds() throws Exception {
    try (SmallDisk disk = SmallDisk.of(MEBIBYTES);
        TestDaemon daemon = TestDaemon.ofFakes(disk.home()).start()) {
      long down;
      long up;
      try (TestClient client = daemon.client()) {
        client.create("down", true);
        Map<String, Object> wish = new LinkedHashMap<>(TestClient.wish("up", true));
        wish.put("restart", "on-failure");
        client.await(client.beginCreate(wish).operation());
        down = Optional.ofNullable(client.show("down").pid()).orElseThrow();
        up = Optional.ofNullable(client.show("up").pid()).orElseThrow();
      }
      disk.fillTo(0);
      disk.eat(daemon.directories().database().resolveSibling("banger.db.reserve"));
      for (long pid : new long[] {down, up}) {
        assertThat(new ProcessBuilder("kill", "-9", Long.toString(pid)).start().waitFor()).isZero();
      }
      assertThat(awaitState(daemon, "down", "failed").reason())
          .contains("killed")
          .contains("cannot be written down yet");
      awaitState(daemon, "up", "failed");
      disk.empty();
      await()
          .atMost(LIMIT)
          .until(
              () -> daemon.vm("down").orElseThrow().reason(),
              reason -> reason != null && !reason.contains("cannot be written down"));
      assertThat(awaitState(daemon, "up", "running").policies().restarts()).isEqualTo(1);
      daemon.killAndStart();
      assertThat(awaitState(daemon, "down", "failed").reason()).contains("killed");
      try (TestClient client = daemon.client()) {
        client.start("down");
      }
    }
  }
}
