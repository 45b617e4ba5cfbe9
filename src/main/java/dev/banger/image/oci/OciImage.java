package dev.banger.image.oci;

import java.util.List;

/**
 * An image whose layers are all here, and stay here until it is closed.
 *
 * @param reference what it was asked for by
 * @param manifestDigest what names it exactly; of a docker archive, which has no manifest, the
 *     digest of its config: docker's image ID
 * @param source where it came from, exactly: the registry or mirror, the file
 * @param layers the lowest first
 * @param release lets go of the layers
 */
public record OciImage(
    OciReference reference,
    Digest manifestDigest,
    String source,
    ImageConfig config,
    List<OciLayer> layers,
    Runnable release)
    implements AutoCloseable {
  public OciImage {
    layers = List.copyOf(layers);
  }

  @Override
  public void close() {
    release.run();
  }
}
