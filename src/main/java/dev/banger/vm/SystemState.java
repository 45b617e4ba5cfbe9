package dev.banger.vm;

import dev.banger.guest.ExecSpec;
import dev.banger.guest.ExecStart;
import dev.banger.guest.Guest;
import dev.banger.guest.GuestExec;
import dev.banger.model.BangerException;
import java.time.Duration;
import java.util.List;

/** Waits until the image's init says that the system is up. */
final class SystemState {
  private static final Duration LIMIT = Duration.ofMinutes(5);
  private static final List<String> ASK = List.of("systemctl", "is-system-running", "--wait");

  private SystemState() {}

  /**
   * Returns at once in guests without systemd, and when some unit failed: the guest is up then too.
   */
  static void await(Guest guest) throws BangerException, InterruptedException {
    switch (guest.exec(ExecSpec.of(ASK).build())) {
      case ExecStart.Refused _ -> {}
      case ExecStart.Started(GuestExec ask) -> {
        try (ask) {
          ask.awaitEnd(LIMIT);
        } finally {
          ask.forget(true);
        }
      }
    }
  }
}
