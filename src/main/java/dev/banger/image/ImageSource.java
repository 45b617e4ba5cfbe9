package dev.banger.image;

import dev.banger.model.BangerException;
import dev.banger.model.Progress;
import java.nio.file.Path;

/** Where images come from. One class a kind: the host's packages, a registry, a catalog. */
public interface ImageSource {
  /** Says what kind it is: {@code deb}. */
  String name();

  /** Whether this reference could name something of this source; asks nobody. */
  boolean accepts(ImageReference reference);

  /**
   * Makes the root file system in {@code disk}, which does not exist yet. Holds no lock; an
   * interrupt ends it, and nothing but caches stays behind.
   */
  Pulled pull(ImageReference reference, Path disk, Progress progress)
      throws BangerException, InterruptedException;

  /** Removes what a crash left half done; before anything is pulled. */
  default void reclaim() throws BangerException, InterruptedException {}
}
