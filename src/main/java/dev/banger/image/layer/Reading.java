package dev.banger.image.layer;

import dev.banger.ext4.Attributes;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Collectors;

/**
 * How the entries of a layer are taken.
 *
 * @param whiteouts whether names that begin with {@code .wh.} hide what lies below, as in the
 *     layers of an image; else they are names like all others
 * @param toRoot everything belongs to root, and no file has the set-user-ID or set-group-ID bit
 */
public record Reading(boolean whiteouts, boolean toRoot, Sieve sieve) {
  /** Of an image of the OCI. */
  public static final Reading OF_AN_IMAGE = new Reading(true, false, Sieve.OPEN);

  private static final int SET_IDS = 06000;

  Sieve.Fate fate(TarEntry entry) throws LayerException {
    if (sieve.equals(Sieve.OPEN)) {
      return Sieve.Fate.KEPT;
    }
    List<byte[]> names = Paths.names(entry.path());
    return names.isEmpty()
        ? Sieve.Fate.KEPT
        : sieve.fate(
            names.stream()
                .map(name -> new String(name, StandardCharsets.UTF_8))
                .collect(Collectors.joining("/")));
  }

  TarEntry adapt(TarEntry entry) {
    if (!toRoot) {
      return entry;
    }
    Attributes was = entry.attributes();
    boolean directory = was.type() == Attributes.DIRECTORY;
    return entry.with(
        new Attributes(
            directory ? was.mode() : was.mode() & ~SET_IDS,
            0,
            0,
            was.seconds(),
            was.nanos(),
            was.extended()));
  }
}
