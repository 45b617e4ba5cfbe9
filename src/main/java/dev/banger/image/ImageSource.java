package dev.banger.image;

import dev.banger.image.oci.BlobCache;
import dev.banger.journal.StepKind;
import dev.banger.journal.Steps;
import dev.banger.journal.Undoer;
import dev.banger.model.BangerException;
import dev.banger.model.Progress;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** Where images come from. One class a kind: the host's packages, a registry, a catalog. */
public interface ImageSource {
  /** Says what kind it is: {@code deb}. */
  String name();

  /** Whether this reference could name something of this source; asks nobody. */
  boolean accepts(ImageReference reference);

  /**
   * Makes the root file system in {@code disk}, which does not exist yet. Holds no lock; an
   * interrupt ends it.
   *
   * @param scratch steps for what else it leaves on the host; all are undone after the pull
   */
  Pulled pull(ImageReference reference, Path disk, Steps scratch, Progress progress)
      throws BangerException, InterruptedException;

  /**
   * The {@link Pulled#digest} that a pull would have now, where that can be asked for without one.
   */
  default Optional<String> digest(ImageReference reference, Progress progress)
      throws BangerException, InterruptedException {
    return Optional.empty();
  }

  /**
   * Whether nobody else is asked for this reference when its pull has failed: another's image of
   * the same name would be a stranger's.
   */
  default boolean decides(ImageReference reference) throws InterruptedException {
    return false;
  }

  /** How the steps are undone that only this source takes. */
  default Map<StepKind, Undoer> undoers() {
    return Map.of();
  }

  /** Where it keeps layers for later pulls, if it does. */
  default Optional<BlobCache> layerCache() {
    return Optional.empty();
  }

  /** Removes what was half made when this object came to be. */
  default void reclaim() throws BangerException, InterruptedException {}
}
