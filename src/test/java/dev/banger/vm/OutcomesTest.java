package dev.banger.vm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.model.VmId;
import org.junit.jupiter.api.Test;

class OutcomesTest {
  private static final VmId VM = new VmId("0123456789ab");

  private final Outcomes outcomes = new Outcomes();
  private boolean full;
  private int written;

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

  @Test
  void whatIsWrittenIsForgotten() throws BangerException {
    outcomes.settle(VM, outcome(Phase.STOPPED));
    assertThat(outcomes.unwritten()).isEmpty();
    assertThat(outcomes.settle(VM)).isFalse();
    assertThat(written).isOne();
  }

  @Test
  void whatCannotBeWrittenHoldsAndIsWrittenOnceLater() throws BangerException {
    full = true;
    assertThatThrownBy(() -> outcomes.settle(VM, outcome(Phase.FAILED)))
        .isInstanceOf(BangerException.class);
    assertThatThrownBy(() -> outcomes.settle(VM)).isInstanceOf(BangerException.class);
    assertThat(outcomes.unwritten(VM).orElseThrow().phase()).isEqualTo(Phase.FAILED);
    full = false;
    assertThat(outcomes.settle(VM)).isTrue();
    assertThat(outcomes.settle(VM)).isFalse();
    assertThat(written).isOne();
  }

  @Test
  void aLaterOutcomeTakesThePlaceOfOneThatWasNotWritten() throws BangerException {
    full = true;
    assertThatThrownBy(() -> outcomes.settle(VM, outcome(Phase.RUNNING)))
        .isInstanceOf(BangerException.class);
    full = false;
    outcomes.settle(VM, outcome(Phase.STOPPED));
    assertThat(outcomes.unwritten()).isEmpty();
    assertThat(written).isOne();
  }
}
