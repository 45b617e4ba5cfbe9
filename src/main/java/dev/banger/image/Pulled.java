package dev.banger.image;

import java.util.List;
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
 */
public record Pulled(
    String provenance,
    String digest,
    UUID uuid,
    boolean hasInit,
    ImageDefaults defaults,
    List<ImageLayer> layers) {
  public Pulled {
    layers = List.copyOf(layers);
  }

  /** Of something that was not made of layers. */
  public Pulled(
      String provenance, String digest, UUID uuid, boolean hasInit, ImageDefaults defaults) {
    this(provenance, digest, uuid, hasInit, defaults, List.of());
  }
}
