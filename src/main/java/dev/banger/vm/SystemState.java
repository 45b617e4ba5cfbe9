package dev.banger.vm;

import dev.banger.guest.ExecSpec;
import dev.banger.guest.ExecStart;
import dev.banger.guest.Guest;
import dev.banger.guest.GuestExec;
import dev.banger.guest.InitMode;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** What the image's systemd says of the system as a whole. */
final class SystemState {
  private static final Duration LIMIT = Duration.ofMinutes(5);
  private static final Duration LOOK_LIMIT = Duration.ofSeconds(10);
  private static final Duration PAUSE = Duration.ofMillis(200);
  private static final List<String> WAIT = List.of("systemctl", "is-system-running", "--wait");
  private static final List<String> ASK = List.of("systemctl", "is-system-running");
  private static final List<String> FAILED_UNITS =
      List.of("systemctl", "list-units", "--failed", "--plain", "--no-legend", "--no-pager");

  /** What systemctl says once systemd has done all it could (systemctl(1), is-system-running). */
  private static final Set<String> SETTLED =
      Set.of("running", "degraded", "maintenance", "stopping");

  /** What systemctl says when the first process is no systemd, or has hardly begun. */
  private static final Set<String> NOT_THERE = Set.of("", "offline", "unknown");

  /** The state of the whole, and the units that failed. */
  record Report(String state, List<String> failed) {}

  private SystemState() {}

  /**
   * Waits until the system is up. Returns at once in guests without systemd, and when some unit
   * failed: the guest is up then too.
   */
  static void await(Guest guest) throws BangerException, InterruptedException {
    long until = System.nanoTime() + LIMIT.toNanos();
    while (System.nanoTime() < until) {
      Optional<String> said = ask(guest, WAIT, LIMIT);
      if (said.isEmpty() || SETTLED.contains(said.get())) {
        return;
      }
      Thread.sleep(PAUSE); // systemd does not listen yet: nothing else can be waited for
    }
    throw new BangerException(
        ErrorCode.TIMEOUT,
        "the guest's system did not come up within " + LIMIT.toSeconds() + " s",
        "the VM runs: `banger vm exec NAME -- systemctl list-jobs` shows what it waits for");
  }

  /** Empty in a guest that has no systemd as its first process. */
  static Optional<Report> look(Guest guest) throws BangerException, InterruptedException {
    Optional<String> state = ask(guest, ASK, LOOK_LIMIT);
    if (state.isEmpty()) {
      return Optional.empty();
    }
    if (NOT_THERE.contains(state.get())) {
      return guest.info().initMode() == InitMode.SYSTEM
          ? Optional.of(new Report("starting", List.of()))
          : Optional.empty();
    }
    List<String> failed =
        state.get().equals("degraded")
            ? ask(guest, FAILED_UNITS, LOOK_LIMIT)
                .orElse("")
                .lines()
                .map(line -> line.strip().split("\\s", 2)[0])
                .toList()
            : List.of();
    return Optional.of(new Report(state.get(), failed));
  }

  /** Empty when there is no such program. */
  private static Optional<String> ask(Guest guest, List<String> argv, Duration limit)
      throws BangerException, InterruptedException {
    return switch (guest.exec(ExecSpec.of(argv).build())) {
      case ExecStart.Refused _ -> Optional.empty();
      case ExecStart.Started(GuestExec exec) -> Optional.of(answer(exec, limit));
    };
  }

  private static String answer(GuestExec ask, Duration limit)
      throws BangerException, InterruptedException {
    try (ask) {
      boolean ended = ask.awaitEnd(limit).isPresent();
      if (!ended) {
        ask.forget(true);
        throw new BangerException(
            ErrorCode.TIMEOUT,
            "the guest's systemctl did not end within " + limit.toSeconds() + " s",
            "its systemd may hang: `banger vm restart` starts the guest anew");
      }
      String said = new String(ask.stdout().readAllBytes(), StandardCharsets.UTF_8).strip();
      ask.forget(false);
      return said;
    } catch (IOException e) {
      throw new BangerException(
          ErrorCode.GUEST_FAILED, "the guest was lost while its system was asked", "", e);
    }
  }
}
