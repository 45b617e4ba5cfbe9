package dev.banger.image;

import dev.banger.image.layer.Sieve;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What makes a machine this one machine, or says what was done on it: identity, host keys, logs,
 * histories and keys. docs/images.md lists it.
 */
public final class Scrub implements Sieve {
  /**
   * Empty and not missing: a missing one makes systemd take the next start for the first one of
   * all, and enable and disable services anew (machine-id(5)).
   */
  private static final String MACHINE_ID = "etc/machine-id";

  private static final Set<String> OF_THE_MACHINE =
      Set.of(
          "var/lib/dbus/machine-id",
          "var/lib/NetworkManager/secret_key",
          "var/lib/systemd/random-seed",
          "var/lib/systemd/credential.secret");

  private static final Pattern HOST_KEY =
      Pattern.compile("etc/(?:ssh/ssh_host_|dropbear/dropbear_)[^/]*_key(\\.pub)?");

  /** Its directories are named by machine. */
  private static final String JOURNAL = "var/log/journal/";

  private static final String LOGS = "var/log/";
  private static final Pattern OLDER_LOG =
      Pattern.compile(".*\\.(?:gz|xz|zst|bz2|old|[0-9]+|[0-9]+\\.log)");

  private static final Pattern HOME = Pattern.compile("(?:root|home/[^/]+)/(.+)", Pattern.DOTALL);
  private static final Pattern HISTORY =
      Pattern.compile(
          "\\.[A-Za-z0-9_]*_history|\\.(?:lesshst|viminfo|wget-hsts)|\\.local/share/recently-used\\.xbel");
  private static final List<String> KEYS =
      List.of(
          ".ssh/",
          ".gnupg/",
          ".aws/",
          ".kube/",
          ".config/gh/",
          ".docker/config.json",
          ".local/state/banger/",
          ".git-credentials",
          ".netrc");

  @Override
  public Fate fate(String path) {
    if (path.equals(MACHINE_ID)) {
      return Fate.EMPTIED;
    }
    if (path.startsWith(LOGS)) {
      boolean gone = path.startsWith(JOURNAL) || OLDER_LOG.matcher(path).matches();
      return gone ? Fate.LEFT_OUT : Fate.EMPTIED;
    }
    if (OF_THE_MACHINE.contains(path) || HOST_KEY.matcher(path).matches()) {
      return Fate.LEFT_OUT;
    }
    var home = HOME.matcher(path);
    return home.matches() && isPrivate(home.group(1)) ? Fate.LEFT_OUT : Fate.KEPT;
  }

  /** A directory that holds keys stays, empty. */
  private static boolean isPrivate(String inHome) {
    return HISTORY.matcher(inHome).matches()
        || KEYS.stream()
            .anyMatch(key -> key.endsWith("/") ? inHome.startsWith(key) : inHome.equals(key));
  }
}
