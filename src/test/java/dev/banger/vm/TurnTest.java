package dev.banger.vm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.banger.lock.Held;
import dev.banger.lock.LockRank;
import dev.banger.lock.OrderedLock;
import dev.banger.ops.OperationStatus;
import dev.banger.ops.Operations;
import dev.banger.store.Database;
import dev.banger.store.OperationTable;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TurnTest {
  private static final String WAITS = "wait for image.promote of web";

  @TempDir Path directory;
  private final OrderedLock lock = new OrderedLock(LockRank.VM, "web");

  @Test
  void whoWaitsSaysForWhat() throws Exception {
    try (Database database = Database.open(directory.resolve("banger.db"))) {
      Operations operations = new Operations(new OperationTable(database), Clock.systemUTC());
      CountDownLatch held = new CountDownLatch(1);
      CountDownLatch end = new CountDownLatch(1);
      String promote =
          operations.begin(
              "image.promote",
              "web",
              Optional.empty(),
              _ -> {
                try (Held _ = lock.acquire()) {
                  held.countDown();
                  end.await();
                }
                return "";
              });
      held.await();
      String start =
          operations.begin(
              "vm.start",
              "web",
              Optional.empty(),
              progress -> {
                try (Held _ = Turn.await(lock, operations, "vm.start", "web", progress)) {
                  return "";
                }
              });
      await().until(() -> operations.status(start).stage().equals(WAITS));
      end.countDown();
      OperationStatus after = operations.awaitEnd(start);
      assertThat(after.state()).isEqualTo(OperationStatus.State.DONE);
      assertThat(operations.awaitEnd(promote).state()).isEqualTo(OperationStatus.State.DONE);
    }
  }
}
