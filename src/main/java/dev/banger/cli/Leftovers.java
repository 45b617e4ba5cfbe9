package dev.banger.cli;

import dev.banger.api.DaemonApi;
import dev.banger.doctor.Finding;
import dev.banger.model.BangerException;
import dev.banger.model.Directories;
import java.time.Clock;
import java.util.List;

/** What the daemon could not take off the host yet, in words. */
final class Leftovers {
  private static final String CHECK = "left over";
  private static final String CURE =
      "mend that: it is tried again every minute, and by the next daemon (`banger daemon stop`,"
          + " then any command; VMs run on); `banger daemon logs` says more";

  private Leftovers() {}

  /** As a check of doctor; one that cannot be made is a finding, too. */
  static List<Finding> findings(Directories directories) {
    try (Client client = Client.connectIfRunning(directories)) {
      if (client == null) {
        return List.of(ok("no daemon runs; one that starts removes what the last one left"));
      }
      return findings(client.call(DaemonApi.STATUS, new DaemonApi.Nothing()));
    } catch (BangerException e) {
      return List.of(warning("the daemon cannot be asked: " + e.getMessage(), e.hint()));
    }
  }

  private static List<Finding> findings(DaemonApi.Status status) {
    if (!status.leftovers().isEmpty()) {
      return status.leftovers().stream().map(left -> warning(text(left), cure(left))).toList();
    }
    return List.of(
        status.recovered()
            ? ok("nothing")
            : warning("what an earlier daemon left is being removed", "look again in a while"));
  }

  /** {@code the VM's directory of 0123456789ab, for 3m; not removed in 2 tries: ...}. */
  static String text(DaemonApi.Leftover left) {
    String what =
        left.what()
            + " of "
            + left.owner()
            + ", for "
            + Human.age(Clock.systemUTC().millis(), left.begun());
    return what
        + (left.tries() == 0
            ? "; it is removed next"
            : "; not removed in "
                + left.tries()
                + (left.tries() == 1 ? " try: " : " tries: ")
                + left.error());
  }

  private static String cure(DaemonApi.Leftover left) {
    return left.tries() == 0 ? "none: it waits for what was made after it" : CURE;
  }

  private static Finding ok(String found) {
    return new Finding(CHECK, Finding.Level.OK, found, "");
  }

  private static Finding warning(String found, String cure) {
    return new Finding(CHECK, Finding.Level.WARNING, found, cure);
  }
}
