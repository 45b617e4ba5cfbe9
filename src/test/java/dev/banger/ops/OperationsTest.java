package dev.banger.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.journal.Journal;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.ops.OperationStatus.State;
import dev.banger.store.Database;
import dev.banger.store.OperationTable;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OperationsTest {
  @TempDir Path dir;
  private Database database;
  private Operations operations;

  @BeforeEach
  void open() throws BangerException {
    database = Database.open(dir.resolve("banger.db"));
    operations = new Operations(new OperationTable(database), Clock.systemUTC());
  }

  @AfterEach
  void close() {
    database.close();
  }

  @Test
  void theResultAndTheStagesStayReadableAfterTheEnd() throws Exception {
    String id =
        operations.begin(
            "vm.create",
            "web",
            Optional.empty(),
            progress -> {
              progress.stage("one");
              progress.bytes(5, 10);
              progress.stage("two");
              return "made";
            });
    OperationStatus end = operations.awaitEnd(id);
    assertThat(end.state()).isEqualTo(State.DONE);
    assertThat(end.result()).isEqualTo("made");
    assertThat(end.stages()).extracting(OperationStatus.Stage::name).containsExactly("one", "two");
  }

  @Test
  void whoeverComesWithAKnownKeyFindsItsOperation() throws Exception {
    int tries = 300;
    CyclicBarrier together = new CyclicBarrier(2);
    Callable<List<String>> client =
        () -> {
          List<String> found = new ArrayList<>();
          for (int i = 0; i < tries; i++) {
            together.await(10, TimeUnit.SECONDS);
            String id = operations.begin("test", "web", Optional.of("key-" + i), _ -> "");
            try {
              found.add(operations.status(id).id());
            } catch (BangerException e) {
              found.add(e.getMessage());
            }
          }
          return found;
        };
    try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
      Future<List<String>> one = threads.submit(client);
      Future<List<String>> other = threads.submit(client);
      assertThat(one.get()).hasSize(tries).isEqualTo(other.get());
    }
  }

  @Test
  void cancelInterruptsAndTheEndSaysSo() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    String id =
        operations.begin(
            "image.pull",
            "debian",
            Optional.empty(),
            _ -> {
              begun.countDown();
              new CountDownLatch(1).await();
              return "";
            });
    begun.await();
    assertThat(operations.cancel(id)).isTrue();
    OperationStatus end = operations.awaitEnd(id);
    assertThat(end.state()).isEqualTo(State.CANCELLED);
    assertThat(end.error()).get().extracting(BangerException::code).isEqualTo(ErrorCode.CANCELLED);
    assertThat(operations.cancel(id)).isFalse();
  }

  @Test
  void theSameKeyBeginsOnce() throws Exception {
    AtomicInteger runs = new AtomicInteger();
    Operations.Body body =
        _ -> {
          runs.incrementAndGet();
          return "";
        };
    String first = operations.begin("vm.create", "web", Optional.of("k"), body);
    String second = operations.begin("vm.create", "web", Optional.of("k"), body);
    assertThat(second).isEqualTo(first);
    operations.awaitEnd(first);
    assertThat(runs).hasValue(1);
  }

  @Test
  void aWatcherSeesEachChangeWithoutPolling() throws Exception {
    CountDownLatch go = new CountDownLatch(1);
    String id =
        operations.begin(
            "vm.create",
            "web",
            Optional.empty(),
            progress -> {
              go.await();
              progress.stage("disks");
              return "";
            });
    OperationStatus before = operations.status(id);
    go.countDown();
    OperationStatus after = operations.await(id, before.version(), Duration.ofSeconds(10));
    assertThat(after.version()).isGreaterThan(before.version());
  }

  @Test
  void whatADeadDaemonLeftRunningIsReportedAsInterrupted() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    String id =
        operations.begin(
            "vm.create",
            "web",
            Optional.empty(),
            _ -> {
              begun.countDown();
              new CountDownLatch(1).await();
              return "";
            });
    begun.await();
    OperationTable table = new OperationTable(database);
    Operations next = new Operations(table, Clock.systemUTC());
    assertThat(next.status(id).state()).isEqualTo(State.INTERRUPTED);
    assertThat(next.status(id).error().orElseThrow())
        .hasMessageContaining("interrupted")
        .extracting(BangerException::code, BangerException::hint)
        .containsExactly(ErrorCode.INTERRUPTED, "what it had made is being removed");
    next.interruptedAndUndone(Map.of(id, List.of("the VMM", "the VM's record")));
    assertThat(next.status(id).error().orElseThrow().hint())
        .isEqualTo("removed: the VMM, the VM's record; begin again");
    assertThat(new Operations(table, Clock.systemUTC()).status(id).error().orElseThrow().hint())
        .contains("the VMM");
    operations.cancel(id);
    operations.awaitEnd(id);
  }

  @Test
  void aCancelledOperationTellsNothingOfHowItBrokeOff() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    String id =
        operations.begin(
            "vm.create",
            "web",
            Optional.empty(),
            _ -> {
              begun.countDown();
              try {
                new CountDownLatch(1).await();
              } catch (InterruptedException e) {
                throw new BangerException(ErrorCode.INTERNAL, "cannot reach the agent", "", e);
              }
              return "";
            });
    begun.await();
    operations.cancel(id);
    OperationStatus end = operations.awaitEnd(id);
    assertThat(end.state()).isEqualTo(State.CANCELLED);
    assertThat(end.error().orElseThrow().getMessage()).isEqualTo("vm.create of web was cancelled");
    assertThat(end.error().orElseThrow().reason()).isEmpty();
  }

  @Test
  void theWorkKnowsItsOperation() throws Exception {
    String id =
        operations.begin("vm.create", "web", Optional.empty(), _ -> Journal.OPERATION.get());
    assertThat(operations.awaitEnd(id).result()).isEqualTo(id);
  }

  @Test
  void anUnknownIdIsAClearError() {
    assertThatThrownBy(() -> operations.status("nope"))
        .isInstanceOfSatisfying(
            BangerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.NOT_FOUND));
  }
}
