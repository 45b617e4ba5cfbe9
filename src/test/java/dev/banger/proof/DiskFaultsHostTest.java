package dev.banger.proof;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.api.DaemonApi;
import dev.banger.api.VmApi;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.model.VmId;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** A data directory that is full, read-only, locked by another, or damaged: nothing is lost. */
class DiskFaultsHostTest {
  private static final Duration LIMIT = Duration.ofSeconds(10);
  private static final int MEBIBYTES = 40;

  /** Free bytes at which each step is tried; what each needs lies between them. */
  private static final List<Long> ROOM =
      List.of(0L, 4096L, 16384L, 49152L, 131072L, 262144L, 524288L, 1048576L, 2097152L);

  private interface Work {
    void run() throws Exception;
  }

  /** Null when it succeeds. */
  private static @Nullable BangerException attempt(Work work) throws Exception {
    try {
      work.run();
      return null;
    } catch (BangerException e) {
      return e;
    }
  }

  private static BangerException failure(Work work) throws Exception {
    BangerException e = attempt(work);
    if (e == null) {
      throw new AssertionError("it succeeded, though nothing can be written");
    }
    return e;
  }

  private static void requireFull(String what, BangerException e) {
    assertThat(e.code())
        .as("%s: %s: %s", what, e.getMessage(), e.reason())
        .isEqualTo(ErrorCode.NO_SPACE);
  }

  @Test
  void onAFullDiskEveryStepSucceedsOrSaysSoAndChangesNothing() throws Exception {
    Set<String> failed = new TreeSet<>();
    try (SmallDisk disk = SmallDisk.of(MEBIBYTES);
        TestDaemon daemon = TestDaemon.ofFakes(disk.home()).start()) {
      try (TestClient client = daemon.client()) {
        client.create("keeps-running", true);
        client.create("stays-off", false);
      }
      for (long room : ROOM) {
        disk.fillTo(room);
        oneRound(daemon, failed, room);
        disk.empty();
        try (TestClient client = daemon.client()) {
          client.create("after", true);
          client.delete("after", true);
        }
        Invariants.require(daemon, LIMIT);
      }
    }
    assertThat(failed).as("steps that met the full disk").contains("create", "start");
  }

  private static void oneRound(TestDaemon daemon, Set<String> failed, long room) throws Exception {
    String at = " with " + room + " bytes free";
    try (TestClient client = daemon.client()) {
      BangerException create = attempt(() -> client.create("web", true));
      if (create != null) {
        requireFull("create" + at, create);
        failed.add("create");
        assertThat(client.list()).as("after a failed create" + at).hasSize(2);
      }
      BangerException start = attempt(() -> client.start("stays-off"));
      if (start != null) {
        requireFull("start" + at, start);
        failed.add("start");
        assertThat(client.show("stays-off").state()).isIn("created", "failed", "stopped");
      }
      assertThat(client.show("keeps-running").state()).isEqualTo("running");
      assertThat(client.exec("keeps-running", "/bin/true").status()).isZero();
      BangerException stop = attempt(() -> client.stop("stays-off", false));
      if (stop != null) {
        requireFull("stop" + at, stop);
        failed.add("stop");
      }
      for (VmApi.View vm : client.list()) {
        if (vm.name().equals("web")) {
          deleteOnFullDisk(client, failed, at);
        }
      }
    }
  }

  /** To delete is how a user makes room. */
  private static void deleteOnFullDisk(TestClient client, Set<String> failed, String at)
      throws Exception {
    BangerException delete = attempt(() -> client.delete("web", true));
    if (delete != null) {
      requireFull("delete" + at, delete);
      failed.add("delete");
    }
  }

  @Test
  void aDaemonThatDiesOnAFullDiskFindsItsVmsAgain() throws Exception {
    try (SmallDisk disk = SmallDisk.of(MEBIBYTES);
        TestDaemon daemon = TestDaemon.ofFakes(disk.home()).start()) {
      try (TestClient client = daemon.client()) {
        client.create("web", true);
      }
      Long pid = daemon.vm("web").orElseThrow().pid();
      disk.fillTo(0);
      daemon.killAndStart();
      assertThat(daemon.vm("web").orElseThrow().state()).isEqualTo("running");
      assertThat(daemon.vm("web").orElseThrow().pid()).isEqualTo(pid);
      disk.empty();
      Invariants.require(daemon, LIMIT);
    }
  }

  @Test
  void aReadOnlyDataDirectoryStopsTheDaemonAndIsUsedAgain() throws Exception {
    try (SmallDisk disk = SmallDisk.of(MEBIBYTES);
        TestDaemon daemon = TestDaemon.ofFakes(disk.home()).start()) {
      try (TestClient client = daemon.client()) {
        client.create("off", false);
      }
      daemon.stop();
      disk.readOnly();
      String said = startThatFails(daemon.directories().data());
      assertThat(said).contains("PERMISSION").contains(daemon.home().toString());
      disk.writable();
      daemon.start();
      try (TestClient client = daemon.client()) {
        client.start("off");
      }
      Invariants.require(daemon, LIMIT);
    }
  }

  /** Without the fixture's own files, which cannot be written either. */
  private static String startThatFails(Path home) throws Exception {
    List<String> command = new ArrayList<>(DaemonJava.quick());
    command.add(TestDaemonMain.class.getName());
    command.addAll(List.of(home.toString(), "/nonexistent", "/nonexistent"));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isEqualTo(1);
    return said;
  }

  @Test
  void aDirectoryThatCannotBeWrittenIsAnErrorThatChangesNothing() throws Exception {
    try (SmallDisk disk = SmallDisk.of(MEBIBYTES);
        TestDaemon daemon = TestDaemon.ofFakes(disk.home()).start();
        TestClient client = daemon.client()) {
      client.create("web", true);
      client.create("off", false);
      disk.immutable(daemon.directories().vms(), true);
      for (Work work :
          List.<Work>of(() -> client.create("new", true), () -> client.delete("off", false))) {
        BangerException e = failure(work);
        assertThat(e.code())
            .as("%s: %s", e.getMessage(), e.reason())
            .isEqualTo(ErrorCode.PERMISSION);
      }
      assertThat(client.list())
          .extracting(VmApi.View::name)
          .containsExactlyInAnyOrder("web", "off");
      assertThat(client.exec("web", "/bin/true").status()).isZero();
      disk.immutable(daemon.directories().vms(), false);
      client.delete("off", true);
      client.create("new", true);
      Invariants.require(daemon, LIMIT);
    }
  }

  @Test
  void aRemovalThatFailsIsToldWithItsReasonUntilItIsDone() throws Exception {
    try (SmallDisk disk = SmallDisk.of(MEBIBYTES);
        TestDaemon daemon = TestDaemon.ofFakes(disk.home()).start();
        TestClient client = daemon.client()) {
      Path directory = daemon.directories().vm(new VmId(client.create("off", false)));
      disk.immutable(directory, true);
      assertThat(failure(() -> client.delete("off", false)).code()).isEqualTo(ErrorCode.PERMISSION);
      DaemonApi.Leftover left = client.leftovers().getFirst();
      assertThat(left.kind()).isEqualTo("VM_REMOVAL");
      assertThat(left.tries()).isPositive();
      assertThat(left.error()).contains(directory.toString()).contains("Operation not permitted");
      assertThat(Instant.ofEpochMilli(left.begun()))
          .isBetween(Instant.now().minus(LIMIT), Instant.now());
      disk.immutable(directory, false);
      client.delete("off", true);
      assertThat(client.leftovers()).isEmpty();
      Invariants.require(daemon, LIMIT);
    }
  }

  @Test
  void aDatabaseThatAnotherProgramLocksIsAnErrorThatChangesNothing() throws Exception {
    try (TestDaemon daemon = TestDaemon.ofFakes().start();
        TestClient client = daemon.client()) {
      client.create("off", false);
      try (Connection other =
              DriverManager.getConnection("jdbc:sqlite:" + daemon.directories().database());
          Statement statement = other.createStatement()) {
        statement.execute("BEGIN IMMEDIATE");
        assertThat(client.list()).hasSize(1);
        BangerException e = failure(() -> client.create("web", true));
        assertThat(e.code()).isEqualTo(ErrorCode.IN_USE);
        assertThat(e.getMessage()).contains("banger.db");
        statement.execute("ROLLBACK");
      }
      assertThat(client.list()).hasSize(1);
      client.create("web", true);
      Invariants.require(daemon, LIMIT);
    }
  }

  @Test
  void aDamagedDatabaseStopsTheDaemonAndNoVm() throws Exception {
    try (TestDaemon daemon = TestDaemon.ofFakes().start()) {
      try (TestClient client = daemon.client()) {
        client.create("web", true);
      }
      Long pid = daemon.vm("web").orElseThrow().pid();
      daemon.stop();
      byte[] whole = Files.readAllBytes(daemon.directories().database());
      byte[] damaged = whole.clone();
      Arrays.fill(damaged, 4096, damaged.length, (byte) 0x5a);
      Files.write(daemon.directories().database(), damaged);
      daemon.launch();
      assertThat(daemon.awaitEnd(LIMIT)).isTrue();
      assertThat(daemon.status()).isEqualTo(1);
      assertThat(daemon.said()).contains("CORRUPT").contains("banger.db");
      assertThat(Files.readAllBytes(daemon.directories().database())).isEqualTo(damaged);
      Files.write(daemon.directories().database(), whole);
      daemon.start();
      assertThat(daemon.vm("web").orElseThrow().pid()).isEqualTo(pid);
      Invariants.require(daemon, LIMIT);
    }
  }
}
