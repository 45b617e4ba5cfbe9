package dev.banger.daemon;

import dev.banger.api.StreamApi;
import dev.banger.guest.ExecId;
import dev.banger.guest.ExecOrder;
import dev.banger.guest.ExecSpec;
import dev.banger.guest.ExecStart;
import dev.banger.image.Image;
import dev.banger.model.BangerException;
import dev.banger.vm.FirstProgram;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The program of one {@code vm.run}, from the wish to its start. */
final class RunProgram implements FirstProgram {
  private static final Logger LOG = LoggerFactory.getLogger(RunProgram.class);

  private final StreamApi.Run wish;
  private final ExecId id = ExecId.random();
  private volatile @Nullable ExecOrder order;

  RunProgram(StreamApi.Run wish) {
    this.wish = wish;
  }

  ExecId id() {
    return id;
  }

  @Override
  public ExecSpec of(Image image) throws BangerException {
    ExecSpec spec = ProgramMethods.spec(image, id, wish).build();
    LOG.debug("exec={} will be {}", id, spec.argv());
    return spec;
  }

  @Override
  public void ordered(ExecOrder order) {
    this.order = order;
  }

  /** Once the VM runs. */
  ExecStart await() throws BangerException, InterruptedException {
    return Objects.requireNonNull(order, "a VM runs without its program").await();
  }

  /** Whoever wanted it does not any more. */
  void callOff() {
    ExecOrder begun = order;
    if (begun != null) {
      begun.callOff();
    }
  }
}
