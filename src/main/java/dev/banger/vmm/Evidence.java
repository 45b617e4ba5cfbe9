package dev.banger.vmm;

import dev.banger.proc.ShimRecords;
import dev.banger.proc.Signal;
import dev.banger.vmm.VmmExit.Reason;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;

/**
 * What is known about an end, and the judgement: the shim's record first, then what the VMM said,
 * then the console.
 *
 * @param record empty when the shim was killed
 * @param said the VMM's own last word, where it has one and somebody listened
 * @param sameBoot false: the host was restarted since
 * @param words what an exit status other than 0 means
 */
record Evidence(
    Optional<ShimRecords.Ended> record,
    Optional<Reason> said,
    List<String> console,
    List<String> errors,
    boolean sameBoot,
    IntFunction<String> words) {
  private static final String PANIC = "Kernel panic - not syncing";
  private static final String FATAL = "banger-agent: fatal: ";
  private static final List<String> POWERED_OFF =
      List.of("banger-agent: goodbye poweroff", "reboot: Power down");
  private static final List<String> REBOOTED =
      List.of("banger-agent: goodbye reboot", "reboot: Restarting system");

  /** With statuses that mean nothing but their number. */
  Evidence(
      Optional<ShimRecords.Ended> record,
      Optional<Reason> said,
      List<String> console,
      List<String> errors,
      boolean sameBoot) {
    this(record, said, console, errors, sameBoot, Evidence::plain);
  }

  static String plain(int status) {
    return "with status " + status;
  }

  VmmExit judge(Instant found) {
    if (record.isEmpty()) {
      return sameBoot
          ? new VmmExit(Reason.CRASHED, "with its shim, which left no record", found)
          : new VmmExit(Reason.HOST_RESTARTED, "", found);
    }
    ShimRecords.Ended ended = record.get();
    if (ended.signalled() && said.equals(Optional.of(Reason.QUIT))) {
      return new VmmExit(Reason.QUIT, "", ended.time());
    }
    if (ended.signalled()) {
      boolean killed = ended.number() == Signal.KILL.number();
      return new VmmExit(
          killed ? Reason.KILLED : Reason.CRASHED,
          "by signal " + ended.number() + lastWords(),
          ended.time());
    }
    if (ended.number() != 0) {
      return new VmmExit(Reason.CRASHED, words.apply(ended.number()) + lastWords(), ended.time());
    }
    Reason reason = ordinary();
    return new VmmExit(reason, detail(reason), ended.time());
  }

  /** A panic looks like a reboot to a VMM. */
  private Reason ordinary() {
    Reason reason = said.orElseGet(this::byConsole);
    return reason == Reason.GUEST_REBOOTED && console.stream().anyMatch(l -> l.contains(PANIC))
        ? Reason.GUEST_PANICKED
        : reason;
  }

  private Reason byConsole() {
    for (String line : console.reversed()) {
      if (POWERED_OFF.stream().anyMatch(line::contains)) {
        return Reason.GUEST_POWERED_OFF;
      }
      if (REBOOTED.stream().anyMatch(line::contains)) {
        return Reason.GUEST_REBOOTED;
      }
      if (line.contains(PANIC)) {
        return Reason.GUEST_PANICKED;
      }
    }
    return Reason.CRASHED;
  }

  private String detail(Reason reason) {
    return switch (reason) {
      case GUEST_PANICKED -> last(PANIC);
      case GUEST_POWERED_OFF, GUEST_REBOOTED -> last(FATAL);
      case CRASHED -> "with status 0 and no word why" + lastWords();
      case QUIT, KILLED, HOST_RESTARTED -> "";
    };
  }

  private String last(String mark) {
    for (String line : console.reversed()) {
      int start = line.indexOf(mark);
      if (start >= 0) {
        return line.substring(start);
      }
    }
    return "";
  }

  private String lastWords() {
    return errors.isEmpty() ? "" : ": " + errors.getLast();
  }
}
