package dev.banger.ops;

import dev.banger.ops.OperationStatus.State;
import dev.banger.proof.Linearizability;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** One thread works, others look and cancel: each sees a state that there was. */
public class OperationLincheckTest {
  private static final String WORKER = "worker";

  private final dev.banger.ops.Operation operation =
      new dev.banger.ops.Operation(
          "0123", "vm.create", "web", Clock.fixed(Instant.EPOCH, ZoneOffset.UTC));

  private @Nullable OperationStatus end;

  @Operation(nonParallelGroup = WORKER)
  public void stage() {
    operation.stage("disks");
  }

  @Operation(nonParallelGroup = WORKER)
  public void bytes() {
    operation.bytes(5, 10);
  }

  @Operation(nonParallelGroup = WORKER)
  public void beginsToEnd() {
    end = operation.ending(State.DONE, "made", null);
  }

  @Operation(nonParallelGroup = WORKER)
  public void ends() {
    OperationStatus last = end;
    if (last != null) {
      operation.end(last);
    }
  }

  @Operation
  public boolean cancel() {
    return operation.cancel();
  }

  @Operation
  public boolean cancelAsked() {
    return operation.cancelAsked();
  }

  @Operation
  public String look() {
    OperationStatus now = operation.status();
    return String.join(
        " ",
        now.state().name(),
        Long.toString(now.version()),
        now.stage(),
        Long.toString(now.done()),
        now.result(),
        now.ended().toString(),
        Integer.toString(now.stages().size()));
  }

  @Test
  void whatIsSeenWasSo() {
    Linearizability.requireInEveryOrder(OperationLincheckTest.class);
  }
}
