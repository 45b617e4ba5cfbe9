package dev.banger.daemon;

import dev.banger.config.Config.AcceleratorChoice;
import dev.banger.model.BangerException;
import dev.banger.vmm.Accelerator;
import dev.banger.vmm.AcceleratorProbe;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The accelerator of this host, found once: it cannot change while the daemon runs. */
final class ChosenAccelerator {
  private static final Logger LOG = LoggerFactory.getLogger(ChosenAccelerator.class);

  private final AcceleratorProbe probe;
  private final AcceleratorChoice choice;
  private volatile @Nullable Accelerator chosen;

  ChosenAccelerator(AcceleratorProbe probe, AcceleratorChoice choice) {
    this.probe = probe;
    this.choice = choice;
  }

  /** So that the first VM need not wait for the probe. */
  void chooseInBackground() {
    Thread.ofVirtual()
        .name("accelerator")
        .start(() -> {
          try {
            LOG.info("accelerator={}", choose());
          } catch (BangerException e) {
            LOG.warn("cannot probe for an accelerator", e);
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
  }

  /** Two at once probe twice and find the same. */
  Accelerator choose() throws BangerException, InterruptedException {
    Accelerator known = chosen;
    if (known == null) {
      known = probe.choose(choice);
      chosen = known;
    }
    return known;
  }

  Optional<String> known() {
    return Optional.ofNullable(chosen).map(Accelerator::toString);
  }
}
