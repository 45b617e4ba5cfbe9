package dev.banger.net;

import dev.banger.config.NetworkSettings;
import dev.banger.model.BangerException;
import dev.banger.proc.Binaries;
import dev.banger.proc.Command;
import dev.banger.proc.Tool;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What carries the packets of VMs that are on no bridge. */
public sealed interface UserLink {
  Tool PASST = new Tool("passt", "passt");

  /** Whether no guest reaches what listens on this host's loopback. */
  boolean keepsLoopback();

  /** Why it is this one; for people. */
  String why();

  /** The VMM's own network: QEMU's slirp. To its guests 10.0.2.2 is this host's loopback. */
  record Vmm(String why) implements UserLink {
    @Override
    public boolean keepsLoopback() {
      return false;
    }
  }

  /** passt, a process beside each VMM. */
  record Passt(Path program, boolean keepsLoopback, String why) implements UserLink {}

  /** passt is taken unasked only when it keeps guests off the loopback. */
  static UserLink choose(NetworkSettings.User wanted, Binaries binaries)
      throws BangerException, InterruptedException {
    if (wanted == NetworkSettings.User.QEMU) {
      return new Vmm("network.user is \"qemu\"");
    }
    if (wanted == NetworkSettings.User.AUTO && binaries.lookup(PASST).isEmpty()) {
      return new Vmm("passt is not installed");
    }
    Path program = binaries.find(PASST);
    String version = Version.of(binaries);
    boolean keeps = Version.dropsLoopback(version);
    String which = program + ", version " + (version.isEmpty() ? "unknown" : version);
    return keeps || wanted == NetworkSettings.User.PASST
        ? new Passt(program, keeps, which)
        : new Vmm(which + ", lets guests reach the loopback all the same");
  }

  /** passt is numbered by days. */
  final class Version {
    /** Since then frames to and from 127.0.0.0/8 and ::1 are dropped: --no-map-gw is not enough. */
    private static final int DROPS_LOOPBACK = 20240401;

    private static final Pattern DAY = Pattern.compile("(20\\d\\d)_?(\\d\\d)_?(\\d\\d)");
    private static final Duration LIMIT = Duration.ofSeconds(5);

    private Version() {}

    private static String of(Binaries binaries) throws BangerException, InterruptedException {
      String said = Command.of(binaries, PASST, "--version").limit(LIMIT).run().output();
      return day(said).map(Object::toString).orElse("");
    }

    /** The day in {@code passt 2024_06_07.8a83b53} or {@code passt 0.0~git20250503.587980c-2}. */
    static Optional<Integer> day(String said) {
      Matcher day = DAY.matcher(said);
      return day.find()
          ? Optional.of(Integer.valueOf(day.group(1) + day.group(2) + day.group(3)))
          : Optional.empty();
    }

    private static boolean dropsLoopback(String day) {
      return !day.isEmpty() && Integer.parseInt(day) >= DROPS_LOOPBACK;
    }
  }
}
