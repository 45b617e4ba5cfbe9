package dev.banger.vm;

import dev.banger.lock.Held;
import dev.banger.lock.OrderedLock;
import dev.banger.model.Progress;
import dev.banger.ops.OperationStatus;
import dev.banger.ops.Operations;
import java.time.Duration;
import java.util.Optional;

/** The wait of an operation for its VM's lock, which tells what it waits for once it lasts. */
final class Turn {
  private static final Duration SILENT = Duration.ofSeconds(1);

  private Turn() {}

  /**
   * @param kind of the operation that waits
   * @param vm its subject, and that of what it waits for
   */
  static Held await(
      OrderedLock lock, Operations operations, String kind, String vm, Progress progress)
      throws InterruptedException {
    Optional<Held> soon = lock.tryAcquire(SILENT);
    if (soon.isPresent()) {
      return soon.get();
    }
    String other =
        operations.all().stream()
            .filter(o -> o.state() == OperationStatus.State.RUNNING)
            .filter(o -> o.subject().equals(vm) && !o.kind().equals(kind))
            .map(OperationStatus::kind)
            .findFirst()
            .orElse("another command");
    progress.stage("wait for " + other + " of " + vm);
    return lock.acquire();
  }
}
