package dev.banger.vm;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.model.VmId;
import dev.banger.proof.Linearizability;
import org.jetbrains.lincheck.datastructures.Operation;
import org.junit.jupiter.api.Test;

/** Under the VM's lock an outcome is settled, while others look at it without. */
public class OutcomesLincheckTest {
  private static final VmId VM = new VmId("0123456789ab");
  private static final String HELD = "the VM's lock";

  private final Outcomes outcomes = new Outcomes();
  private boolean full;
  private int written;

  @Operation(nonParallelGroup = HELD)
  public String settle() {
    return tried(() -> outcomes.settle(VM, outcome(Phase.FAILED)));
  }

  @Operation(nonParallelGroup = HELD)
  public String settleAnother() {
    return tried(() -> outcomes.settle(VM, outcome(Phase.STOPPED)));
  }

  @Operation(nonParallelGroup = HELD)
  public String again() {
    return tried(() -> {
      boolean _ = outcomes.settle(VM);
    });
  }

  @Operation(nonParallelGroup = HELD)
  public void fillUp() {
    full = true;
  }

  @Operation(nonParallelGroup = HELD)
  public void makeRoom() {
    full = false;
  }

  @Operation(nonParallelGroup = HELD)
  public void forget() {
    outcomes.forget(VM);
  }

  @Operation
  public String look() {
    return outcomes.unwritten(VM).map(o -> o.phase().toString()).orElse("written");
  }

  @Operation
  public boolean isUnwritten() {
    return outcomes.unwritten().contains(VM);
  }

  private Outcomes.Outcome outcome(Phase phase) {
    return new Outcomes.Outcome(
        phase,
        "",
        () -> {
          if (full) {
            throw new BangerException(ErrorCode.NO_SPACE, "cannot write", "free some space");
          }
          written++;
        });
  }

  private String tried(Outcomes.Writing settling) {
    try {
      settling.run();
      return "written " + written;
    } catch (BangerException e) {
      return e.code().name();
    }
  }

  @Test
  void whatIsSeenWasSo() {
    Linearizability.requireInEveryOrder(OutcomesLincheckTest.class);
  }
}
