package dev.banger.image;

import dev.banger.image.kernel.Kernels;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * What a source says about the disk it made.
 *
 * @param provenance where it came from, exactly
 * @param digest SHA-256 of what went into it
 * @param uuid of its file system
 * @param hasInit whether it can be booted by an init of its own
 * @param defaults how it wants to be run
 * @param layers what it was made of, the lowest first; none when it was not made of layers
 * @param kernel that came with it, is published with it, and that its VMs boot when nobody names
 *     one
 */
public record Pulled(
    String provenance,
    String digest,
    UUID uuid,
    boolean hasInit,
    ImageDefaults defaults,
    List<ImageLayer> layers,
    Optional<Kernels.Staged> kernel) {
  public Pulled {
    layers = List.copyOf(layers);
  }

  /** Of something that was not made of layers, and has no kernel of its own. */
  public Pulled(
      String provenance, String digest, UUID uuid, boolean hasInit, ImageDefaults defaults) {
    this(provenance, digest, uuid, hasInit, defaults, List.of(), Optional.empty());
  }
}
