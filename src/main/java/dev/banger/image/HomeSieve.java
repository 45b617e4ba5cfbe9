package dev.banger.image;

import dev.banger.image.layer.Sieve;
import java.util.Set;

/** Keeps of a home directory what a work seed may hold: no key, and nothing of banger's own. */
public final class HomeSieve implements Sieve {
  private static final Set<String> LEFT_OUT =
      Set.of(
          ".banger",
          ".local/state/banger",
          "lost+found",
          ".ssh/authorized_keys",
          ".ssh/authorized_keys2");

  @Override
  public Fate fate(String path) {
    boolean out =
        LEFT_OUT.stream().anyMatch(name -> path.equals(name) || path.startsWith(name + "/"));
    return out ? Fate.LEFT_OUT : Fate.KEPT;
  }
}
