package dev.banger.vm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.banger.config.Config;
import dev.banger.doctor.HostRoom;
import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.ErrorCode;
import dev.banger.model.Progress;
import dev.banger.model.VmId;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

class AdmissionTest {
  private static final VmId A = new VmId("00000000000a");
  private static final VmId B = new VmId("00000000000b");
  private static final VmId C = new VmId("00000000000c");
  private static final Duration LONG = Duration.ofSeconds(60);

  private final Map<VmId, ByteSize> running = new ConcurrentHashMap<>();
  private volatile HostRoom host = host(8, 8, 100, 1000, 1000);
  private final Admission admission =
      new Admission(
          () -> host, new Config.Admission(1.0, ByteSize.gib(1)), () -> Map.copyOf(running));

  private static HostRoom host(
      long total, long available, long disk, long freeTasks, long freeFiles) {
    return new HostRoom(
        new HostRoom.Memory(
            ByteSize.gib(total),
            ByteSize.gib(available),
            List.of(
                new HostRoom.Place(
                    Path.of("/dev/shm"), ByteSize.gib(total), ByteSize.gib(available)))),
        new HostRoom.Place(Path.of("/data"), ByteSize.gib(200), ByteSize.mib(100 * disk)),
        List.of(new HostRoom.Count("pids.max", 0, freeTasks)),
        List.of(new HostRoom.Count("RLIMIT_NOFILE", 0, freeFiles)));
  }

  private static Need gib(int memory) {
    return new Need(1, ByteSize.gib(memory));
  }

  private void assertRefused(Need need, String... words) {
    assertThatThrownBy(() -> admission.admit(C, "start c", need))
        .isInstanceOfSatisfying(
            BangerException.class,
            e -> {
              assertThat(e.code()).isEqualTo(ErrorCode.NO_SPACE);
              assertThat(e.getMessage()).startsWith("cannot start c: ").contains(words);
              assertThat(e.hint()).isNotEmpty();
            });
  }

  @Test
  void memoryOfAllThatRunAndStartCounts() throws Exception {
    running.put(A, ByteSize.gib(4));
    try (var _ = admission.admit(B, "start b", gib(3))) {
      assertRefused(gib(2), "2G of memory", "VMs may have 8G together", "2 other VMs have 7G");
      admission.admit(C, "start c", gib(1)).close();
    }
  }

  @Test
  void roomThatWasReservedIsGivenBack() throws Exception {
    admission.admit(A, "start a", gib(8)).close();
    admission.admit(B, "start b", gib(8)).close();
  }

  @Test
  void aVmThatRunsAlreadyIsNotCountedTwiceWhenItIsRestarted() throws Exception {
    running.put(A, ByteSize.gib(6));
    admission.admit(A, "restart a", gib(7)).close();
  }

  @Test
  void whatOtherProgramsTakeCounts() {
    host = host(8, 1, 100, 1000, 1000);
    assertRefused(gib(2), "1G");
  }

  @Test
  void diskProcessesAndDescriptorsAreWatched() {
    host = host(8, 8, 5, 1000, 1000);
    assertRefused(gib(1), "/data has 500M free", "1G (disk_floor)");
    host = host(8, 8, 100, 10, 1000);
    assertRefused(gib(1), "processes", "pids.max leaves 10 of 10");
    host = host(8, 8, 100, 1000, 10);
    assertRefused(gib(1), "file descriptors", "RLIMIT_NOFILE leaves 10 of 10");
  }

  @Test
  void ofManyAtOnceOnlySoManyAreAdmittedAsFit() throws Exception {
    List<Callable<Boolean>> starts = new ArrayList<>();
    for (int i = 0; i < 32; i++) {
      VmId id = new VmId("%012x".formatted(i + 16));
      starts.add(() -> {
        try {
          var _ = admission.admit(id, "start", gib(1));
          return true;
        } catch (BangerException e) {
          return false;
        }
      });
    }
    int admitted = 0;
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Future<Boolean> start : threads.invokeAll(starts)) {
        admitted += start.get() ? 1 : 0;
      }
    }
    assertThat(admitted).isEqualTo(8);
  }

  /** What a start that waits has said. */
  private static final class Said implements Progress {
    private final List<String> stages = new CopyOnWriteArrayList<>();

    @Override
    public void stage(String name) {
      stages.add(name);
    }

    @Override
    public void bytes(long done, long total) {}
  }

  @Test
  void thoseThatWaitAreAdmittedInTheirOrder() throws Exception {
    List<VmId> order = new CopyOnWriteArrayList<>();
    Admission.Reservation first = admission.admit(A, "start a", gib(8));
    Said second = new Said();
    Said third = new Said();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<?> b = threads.submit(() -> waitFor(B, gib(6), second, order));
      await().until(() -> !second.stages.isEmpty());
      Future<?> c = threads.submit(() -> waitFor(C, gib(6), third, order));
      await().until(() -> !third.stages.isEmpty());
      assertThat(second.stages).containsExactly("waiting for memory: needs 6G, 0B free");
      assertThat(third.stages).containsExactly("waiting for its turn: 1 VM waits before it");
      first.close();
      b.get();
      c.get();
    }
    assertThat(order).containsExactly(B, C);
  }

  private Void waitFor(VmId id, Need need, Progress progress, List<VmId> order) throws Exception {
    try (var _ = admission.await(id, "start", () -> need, LONG, progress)) {
      order.add(id);
      return null;
    }
  }

  @Test
  void oneThatIsCancelledHoldsNobodyUp() throws Exception {
    Admission.Reservation first = admission.admit(A, "start a", gib(8));
    Said said = new Said();
    Thread waiting =
        Thread.ofVirtual()
            .start(() -> {
              try {
                waitFor(B, gib(8), said, new ArrayList<>());
              } catch (Exception e) {
                said.stages.add(e.getClass().getSimpleName());
              }
            });
    await().until(() -> !said.stages.isEmpty());
    waiting.interrupt();
    waiting.join();
    assertThat(said.stages.getLast()).isEqualTo("InterruptedException");
    first.close();
    admission.await(C, "start c", () -> gib(8), LONG, Progress.SILENT).close();
  }

  @Test
  void whatNeverFitsDoesNotWait() {
    assertThatThrownBy(() -> admission.await(A, "start a", () -> gib(9), LONG, Progress.SILENT))
        .hasMessageContaining("9G of memory");
    assertThatThrownBy(() -> admission.refuseHopeless("create a", gib(9)))
        .hasMessageContaining("9G of memory");
  }

  @Test
  void aWaitHasAnEnd() throws Exception {
    try (var _ = admission.admit(A, "start a", gib(8))) {
      assertThatThrownBy(() ->
              admission.await(B, "start b", () -> gib(1), Duration.ofMillis(50), Progress.SILENT))
          .hasMessageContaining("waited 50ms");
    }
  }

  @Test
  void aVmThatIsMadeSmallerWhileItWaitsMayFit() throws Exception {
    try (var _ = admission.admit(A, "start a", gib(7))) {
      List<Need> needs = new CopyOnWriteArrayList<>(List.of(gib(4)));
      Said said = new Said();
      try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
        Future<?> waiting =
            threads.submit(() -> {
              admission.await(B, "start b", needs::getLast, LONG, said).close();
              return null;
            });
        await().until(() -> !said.stages.isEmpty());
        needs.add(gib(1));
        waiting.get();
      }
    }
  }
}
