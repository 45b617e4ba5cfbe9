package dev.banger.vm;

import dev.banger.guest.ExecSpec;
import dev.banger.guest.ExecStart;
import dev.banger.guest.Guest;
import dev.banger.guest.GuestExec;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Set;

/** Waits until the image's init says that the system is up. */
final class SystemState {
  private static final Duration LIMIT = Duration.ofMinutes(5);
  private static final Duration PAUSE = Duration.ofMillis(200);
  private static final List<String> ASK = List.of("systemctl", "is-system-running", "--wait");

  /** What systemctl says once systemd has done all it could (systemctl(1), is-system-running). */
  private static final Set<String> SETTLED =
      Set.of("running", "degraded", "maintenance", "stopping");

  private SystemState() {}

  /**
   * Returns at once in guests without systemd, and when some unit failed: the guest is up then too.
   */
  static void await(Guest guest) throws BangerException, InterruptedException {
    long until = System.nanoTime() + LIMIT.toNanos();
    while (System.nanoTime() < until) {
      switch (guest.exec(ExecSpec.of(ASK).build())) {
        case ExecStart.Refused _ -> {
          return;
        }
        case ExecStart.Started(GuestExec ask) -> {
          if (SETTLED.contains(answer(ask))) {
            return;
          }
        }
      }
      Thread.sleep(PAUSE); // systemd does not listen yet: nothing else can be waited for
    }
    throw new BangerException(
        ErrorCode.TIMEOUT,
        "the guest's system did not come up within " + LIMIT.toSeconds() + " s",
        "the VM runs: `banger vm exec NAME -- systemctl list-jobs` shows what it waits for");
  }

  private static String answer(GuestExec ask) throws BangerException, InterruptedException {
    try (ask) {
      String said = new String(ask.stdout().readAllBytes(), StandardCharsets.UTF_8).strip();
      ask.awaitEnd(LIMIT);
      ask.forget(true);
      return said;
    } catch (IOException e) {
      throw new BangerException(
          ErrorCode.GUEST_FAILED, "the guest was lost while its system came up", "", e);
    }
  }
}
