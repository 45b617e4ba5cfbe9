package dev.banger.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.journal.Journal;
import dev.banger.journal.MemoryJournal;
import dev.banger.journal.StepKind;
import dev.banger.journal.Steps;
import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.ErrorCode;
import dev.banger.model.VmId;
import dev.banger.privileged.LinuxBlockDevices;
import dev.banger.proc.Binaries;
import dev.banger.store.Database;
import dev.banger.store.JournalTable;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** In the lab, where there is a device mapper: dmsetup, e2fsck and the file systems judge. */
class SnapshotLabTest {
  private static final VmId VM = new VmId("0123456789ab");
  private static final ByteSize SIZE = ByteSize.mib(256);
  private static final ByteSize RESERVE = ByteSize.mib(16);

  private final LinuxBlockDevices devices = new LinuxBlockDevices(Binaries.ofPath());
  private Path data;
  private Path image;
  private String sum;
  private Snapshots snapshots;
  private Journal journal;

  @BeforeEach
  void anImage() throws Exception {
    data = Files.createTempDirectory(Path.of("/root"), "snap");
    image = data.resolve("rootfs.ext4");
    sh("truncate -s 64M " + image + " && mke2fs -q -F -t ext4 -b 4096 -E resize=1000000 " + image);
    sum = sum();
    open(RESERVE);
  }

  private void open(ByteSize reserve) {
    snapshots = new Snapshots(devices, data, reserve);
    journal = MemoryJournal.journal();
    journal.undoer(StepKind.SYSTEM_DISK, step -> delete(step.path(0)));
    snapshots.addTo(journal);
  }

  private static void delete(Path file) throws BangerException {
    try {
      boolean _ = Files.deleteIfExists(file);
    } catch (java.io.IOException e) {
      throw new BangerException(ErrorCode.INTERNAL, "cannot delete " + file, "", e);
    }
  }

  @AfterEach
  void nothingIsLeft() throws Exception {
    sh("umount /mnt 2> /dev/null || true");
    for (VmId vm : snapshots.attached()) {
      snapshots.detach(vm);
    }
    assertThat(loops()).isEmpty();
    assertThat(sum()).as("the image is as it was").isEqualTo(sum);
    sh("rm -rf " + data);
  }

  private String sum() throws Exception {
    return sh("sha256sum < " + image);
  }

  private String loops() throws Exception {
    return sh("udevadm settle; losetup -l -n -O BACK-FILE | grep -F " + data + " || true");
  }

  private static String sh(String line) throws Exception {
    Process process = new ProcessBuilder("bash", "-ec", line).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(line + ": " + said).isZero();
    return said.strip();
  }

  private Store store(VmId vm) {
    return new Store(data.resolve(vm + ".cow"));
  }

  private Path attach(VmId vm) throws Exception {
    try (Steps steps = journal.steps(vm.value())) {
      Path device = snapshots.attach(vm, image, store(vm), SIZE, steps);
      steps.keep();
      return device;
    }
  }

  private String name(VmId vm) throws Exception {
    return DeviceNames.of(data).disk(vm);
  }

  @Test
  void dmsetupShowsTheTablesThatWereMeant() throws Exception {
    Path device = attach(VM);
    String loop = sh("losetup -n -O NAME -j " + image);
    assertThat(sh("losetup -n -O RO,AUTOCLEAR,DIO " + loop)).matches("1\\s+1\\s+0");
    assertThat(sh("losetup -n -O RO,AUTOCLEAR,DIO -j " + store(VM).file())).matches("0\\s+1\\s+1");
    assertThat(sh("dmsetup table " + name(VM) + "-base"))
        .isEqualTo(
            "0 131072 linear 7:"
                + loop.substring("/dev/loop".length())
                + " 0\n"
                + "131072 393216 zero");
    assertThat(sh("dmsetup table " + name(VM)))
        .matches("0 524288 snapshot 25\\d:\\d+ 7:\\d+ PO 32");
    assertThat(sh("blockdev --getsize64 " + device)).isEqualTo("" + SIZE.bytes());
    assertThat(
            sh("blockdev --getro " + device + "; dmsetup info -c --noheadings -o uuid " + name(VM)))
        .isEqualTo("0\nBANGER-" + name(VM));
    assertThat(sh("blockdev --getro $(realpath /dev/mapper/" + name(VM) + "-base)")).isEqualTo("1");
    assertThat(sh("e2fsck -fn " + device)).contains("non-contiguous");
    StoreUsage usage = snapshots.usage(VM).orElseThrow();
    assertThat(sh("dmsetup status " + name(VM)))
        .startsWith(
            "0 524288 snapshot "
                + Tables.sectors(usage.used())
                + "/"
                + Tables.sectors(usage.total()));
    assertThat(usage.total()).isEqualTo(RESERVE);
    assertThat(snapshots.attached()).containsExactly(VM);
    snapshots.detach(VM);
    snapshots.detach(VM);
    assertThat(sh("dmsetup ls")).isEqualTo("No devices found");
  }

  @Test
  void whatIsWrittenStaysAndTheImageStaysAsItIs() throws Exception {
    Path device = attach(VM);
    sh("mount " + device + " /mnt && dd if=/dev/urandom of=/mnt/file bs=1M count=8 status=none");
    String written = sh("sha256sum < /mnt/file; umount /mnt");
    snapshots.detach(VM);
    assertThat(loops()).isEmpty();
    device = attach(VM);
    assertThat(sh("mount " + device + " /mnt; sha256sum < /mnt/file; umount /mnt"))
        .isEqualTo(written);
    assertThat(sh("e2fsck -fn " + device)).contains("non-contiguous");
    assertThat(snapshots.usage(VM).orElseThrow().used()).isGreaterThan(ByteSize.mib(8));
  }

  @Test
  void fiftyAtOnceShareOneBase() throws Exception {
    List<VmId> vms = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      vms.add(new VmId("0000000000%02d".formatted(i)));
    }
    open(ByteSize.mib(1));
    inParallel(
        vms,
        vm -> {
          Path device = attach(vm);
          sh("printf " + vm + " | dd of=" + device + " seek=100 bs=1M oflag=sync status=none");
        });
    assertThat(snapshots.attached()).hasSize(50);
    assertThat(devices.countOfFile(image)).isEqualTo(1);
    for (VmId vm : vms) {
      Path device = snapshots.device(vm).orElseThrow();
      assertThat(sh("dd if=" + device + " skip=100 bs=1M count=1 status=none | head -c 12"))
          .isEqualTo(vm.value());
    }
    inParallel(vms, vm -> snapshots.detach(vm));
    assertThat(snapshots.attached()).isEmpty();
    assertThat(loops()).isEmpty();
  }

  private interface Work {
    void on(VmId vm) throws Exception;
  }

  private static void inParallel(List<VmId> vms, Work work) throws Exception {
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> all = new ArrayList<>();
      for (VmId vm : vms) {
        all.add(
            threads.submit(() -> {
              work.on(vm);
              return null;
            }));
      }
      for (Future<?> one : all) {
        one.get();
      }
    }
  }

  @Test
  void aDeviceThatSomebodyHoldsStaysAndIsNamed() throws Exception {
    Path device = attach(VM);
    Process holder =
        new ProcessBuilder("bash", "-c", "exec 3< " + device + "; echo ready; read -r _").start();
    assertThat(holder.inputReader().readLine()).isEqualTo("ready");
    assertThatThrownBy(() -> snapshots.detach(VM))
        .isInstanceOfSatisfying(
            BangerException.class,
            e -> {
              assertThat(e.code()).isEqualTo(ErrorCode.IN_USE);
              assertThat(e).hasMessageContaining("is open 1 time");
              assertThat(e.hint()).contains("lsof " + device);
            });
    assertThat(sh("dd if=" + device + " bs=4096 count=1 status=none | wc -c")).isEqualTo("4096");
    holder.getOutputStream().close();
    assertThat(holder.waitFor()).isEqualTo(1);
    snapshots.detach(VM);
  }

  @Test
  void aStoreGrowsWhileItsDiskIsWritten() throws Exception {
    Path device = attach(VM);
    sh("dd if=/dev/urandom of=" + device + " bs=1M count=12 oflag=direct status=none");
    ByteSize used = snapshots.usage(VM).orElseThrow().used();
    snapshots.enlargeStore(VM, store(VM), ByteSize.mib(40));
    assertThat(snapshots.usage(VM).orElseThrow())
        .isEqualTo(new StoreUsage(StoreUsage.State.WHOLE, used, ByteSize.mib(40)));
    sh("dd if=/dev/urandom of=" + device + " bs=1M seek=12 count=20 oflag=direct status=none");
    assertThat(sh("dmsetup status " + name(VM))).contains("/81920 ");
  }

  @Test
  void aStoreOfTheLargestSizeNeverOverflows() throws Exception {
    Path device = attach(VM);
    snapshots.enlargeStore(VM, store(VM), snapshots.mostOfStore(VM));
    sh("dd if=/dev/urandom of=" + device + " bs=1M count=256 oflag=direct status=none");
    assertThat(snapshots.usage(VM).orElseThrow().state()).isEqualTo(StoreUsage.State.WHOLE);
  }

  @Test
  void anOverflownStoreLosesNothingAndTakesMoreWhenItHasGrown() throws Exception {
    Path device = attach(VM);
    sh("dd if=/dev/urandom of=" + data + "/random bs=1M count=14 status=none");
    sh("dd if=" + data + "/random of=" + device + " bs=1M seek=70 oflag=direct status=none");
    sh("! dd if=/dev/zero of=" + device + " bs=1M seek=100 count=8 oflag=direct");
    assertThat(snapshots.usage(VM).orElseThrow().state()).isEqualTo(StoreUsage.State.OVERFLOWN);
    assertThat(sh("dmsetup status " + name(VM))).endsWith("Overflow");
    snapshots.enlargeStore(VM, store(VM), ByteSize.mib(64));
    snapshots.revive(VM, store(VM));
    assertThat(snapshots.usage(VM).orElseThrow().state()).isEqualTo(StoreUsage.State.WHOLE);
    sh("cmp -n 14M " + data + "/random <(dd if=" + device + " bs=1M skip=70 count=14 status=none)");
    sh("dd if=/dev/zero of=" + device + " bs=1M seek=100 count=8 oflag=direct status=none");
  }

  @Test
  void aFullHostCannotMakeAWriteToTheStoreFail() throws Exception {
    Path small = data.resolve("small");
    sh(
        "mkdir "
            + small
            + "; truncate -s 80M "
            + small
            + ".ext4; mke2fs -q -F -t ext4 "
            + small
            + ".ext4; mount -o loop "
            + small
            + ".ext4 "
            + small);
    try (Steps steps = journal.steps(VM.value())) {
      Store store = new Store(small.resolve("cow"));
      Path device = snapshots.attach(VM, image, store, SIZE, steps);
      steps.keep();
      sh("dd if=/dev/zero of=" + small + "/fill bs=64K 2> /dev/null || true");
      sh("dd if=/dev/urandom of=" + device + " bs=1M count=15 oflag=direct status=none; sync");
      assertThat(snapshots.usage(VM).orElseThrow().state()).isEqualTo(StoreUsage.State.WHOLE);
      assertThatThrownBy(() -> snapshots.enlargeStore(VM, store, ByteSize.mib(64)))
          .isInstanceOfSatisfying(
              BangerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.NO_SPACE));
      assertThat(store.size()).isEqualTo(RESERVE);
      snapshots.detach(VM);
    } finally {
      sh("umount " + small);
    }
  }

  @Test
  void aDiskGrowsWhileItIsMounted() throws Exception {
    Path device = attach(VM);
    sh(
        "mount -o noinit_itable "
            + device
            + " /mnt && echo here > /mnt/file && resize2fs "
            + device);
    snapshots.enlarge(VM, ByteSize.mib(512));
    snapshots.enlarge(VM, ByteSize.mib(512));
    assertThat(snapshots.size(VM)).isEqualTo(ByteSize.mib(512));
    assertThat(sh("dmsetup table " + name(VM) + "-base")).endsWith("\n131072 917504 zero");
    sh("resize2fs " + device);
    assertThat(sh("df -m --output=size /mnt | tail -n 1; cat /mnt/file")).matches("4\\d\\d\nhere");
    sh("umount /mnt; e2fsck -fn " + device);
    assertThat(snapshots.usage(VM).orElseThrow().used())
        .as("without the inode tables of what is new: 30M")
        .isLessThan(ByteSize.mib(14));
  }

  @Test
  void whereverTheDaemonDiesTheNextOneHasAWholeDiskOrNothing() throws Exception {
    int moment = 0;
    int status = SnapshotCrashMain.DIED;
    while (status == SnapshotCrashMain.DIED) {
      moment++;
      status = die(moment);
      try (Database database = Database.open(data.resolve("test.db"))) {
        journal = new Journal(new JournalTable(database), Clock.systemUTC(), (_, _) -> {});
        journal.undoer(StepKind.SYSTEM_DISK, step -> delete(step.path(0)));
        snapshots.addTo(journal);
        List<String> before = devices.names(DeviceNames.of(data).prefix());
        boolean cutOff = !journal.settle(VM.value()).isEmpty();
        List<String> after = devices.names(DeviceNames.of(data).prefix());
        assertThat(after).as("moment " + moment).isEqualTo(cutOff ? List.of() : before);
        assertThat(loops().lines().count()).isEqualTo(after.size());
        assertThat(sh("find " + data + " -name '.new-*'")).isEmpty();
        Path device = attach(VM);
        sh("mount " + device + " /mnt; echo " + moment + " >> /mnt/moments; umount /mnt");
        assertThat(sh("e2fsck -fn " + device)).contains("non-contiguous");
        snapshots.detach(VM);
      }
    }
    assertThat(status).isZero();
    assertThat(moment).as("moments of three steps, and of keeping").isGreaterThan(6);
    assertThat(snapshots.attached()).isEmpty();
  }

  private int die(int moment) throws Exception {
    List<String> command =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            SnapshotCrashMain.class.getName(),
            data.toString(),
            image.toString(),
            VM.value(),
            String.valueOf(moment));
    return new ProcessBuilder(command).inheritIO().start().waitFor();
  }

  @Test
  void aMissingModuleIsAnErrorThatNamesIt() throws Exception {
    sh(
        "modprobe -r dm_snapshot; echo 'install dm_snapshot /bin/false' > /etc/modprobe.d/none.conf");
    try {
      assertThatThrownBy(() -> attach(VM))
          .isInstanceOfSatisfying(
              BangerException.class,
              e -> {
                assertThat(e.code()).isEqualTo(ErrorCode.HOST_UNSUPPORTED);
                assertThat(e).hasMessageContaining("`modprobe dm_snapshot`");
                assertThat(e.hint()).contains("disks.driver = \"overlay\"");
              });
      assertThat(store(VM).exists()).isFalse();
    } finally {
      sh("rm /etc/modprobe.d/none.conf");
    }
    Path _ = attach(VM);
  }

  @Test
  void anotherDirectorysDevicesAreNotOurs() throws Exception {
    Path _ = attach(VM);
    Path other = Files.createTempDirectory(Path.of("/root"), "other");
    Snapshots others = new Snapshots(devices, other, RESERVE);
    assertThat(others.attached()).isEmpty();
    try (Steps steps = journal.steps("other")) {
      var _ = others.attach(VM, image, new Store(other.resolve("cow")), SIZE, steps);
    }
    assertThat(others.attached()).as("what is not kept goes").isEmpty();
    assertThat(snapshots.attached()).containsExactly(VM);
    sh("rm -r " + other);
  }

  @Test
  void whatIsTriedIsNotTakenForALeftover() throws Exception {
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<?> tries =
          threads.submit(() -> {
            for (int i = 0; i < 5; i++) {
              snapshots.probe(data.resolve("probes"));
            }
            return null;
          });
      while (!tries.isDone()) {
        snapshots.reclaim(Set::of);
      }
      tries.get();
    }
    assertThat(snapshots.attached()).isEmpty();
  }
}
