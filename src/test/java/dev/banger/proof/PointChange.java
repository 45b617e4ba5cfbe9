package dev.banger.proof;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.api.SetApi;
import dev.banger.api.VmApi;
import dev.banger.image.disk.DiskFile;
import dev.banger.model.BangerException;
import dev.banger.model.VmId;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** What {@code vm set} changes while the daemon dies: several fields, of which disks grow. */
final class PointChange {
  private static final long MIB = 1 << 20;
  private static final long DISK = 256 * MIB;
  private static final long LARGER = 320 * MIB;
  private static final long MEMORY = 208 * MIB;
  private static final int CPUS = 3;
  private static final String RESTART = "on-failure:3";
  private static final List<String> DISKS = List.of("system.ext4", "work.ext4");

  private PointChange() {}

  /** A VM that runs, with disks that can grow: the first start makes them. */
  static void create(TestClient client, String vm) throws BangerException {
    Map<String, Object> wish = TestClient.wish(vm, true);
    wish.put("disk", DISK);
    var _ = client.await(client.beginCreate(wish).operation());
  }

  static void make(TestClient client, String vm) throws BangerException {
    SetApi.Changed _ =
        client.call(
            SetApi.SET,
            new SetApi.Change(
                vm,
                CPUS,
                MEMORY,
                LARGER,
                RESTART,
                Map.of("team", "blue"),
                List.of(),
                null,
                null,
                null));
  }

  /** Every field is as it was, or every one as it was asked for. */
  static boolean isMade(VmApi.View vm) {
    boolean made = vm.labels().equals(Map.of("team", "blue"));
    assertThat(List.of(vm.cpus() == CPUS, vm.memory() == MEMORY))
        .as("processors and memory: %s", vm)
        .containsOnly(made);
    assertThat(vm.disk()).as("%s", vm).isEqualTo(made ? LARGER : DISK);
    assertThat(vm.policies().restart()).as("%s", vm).isEqualTo(made ? RESTART : "no");
    return made;
  }

  /**
   * The disks of a VM that is down are good, and as large as its record says, or as before.
   *
   * @param started it has been started since its record was changed
   */
  static void requireDisks(TestDaemon daemon, VmApi.View vm, boolean started) throws Exception {
    Path directory = daemon.directories().vm(new VmId(vm.id()));
    for (String name : DISKS) {
      DiskFile disk = new DiskFile(directory.resolve(name));
      if (started) {
        assertThat(disk.size().bytes()).as(name).isEqualTo(vm.disk());
        assertThat(disk.fileSystem().bytes()).as(name).isEqualTo(vm.disk());
      } else {
        assertThat(disk.size().bytes()).as(name).isIn(DISK, vm.disk());
      }
      requireClean(disk.file());
    }
  }

  private static void requireClean(Path disk) throws IOException, InterruptedException {
    Process check =
        new ProcessBuilder("/sbin/e2fsck", "-fn", disk.toString())
            .redirectErrorStream(true)
            .start();
    String said = new String(check.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(check.waitFor()).as(said).isZero();
  }
}
